/** Text that comes in chunks, as lines. */

/**
 * Takes chunks by `add` and calls `onLine` for each line as soon as it is complete, for the rest at `end`.
 * A progress bar redraws its line with carriage returns: what stands there in the end counts.
 */
export const lineReader = (onLine: (line: string) => void) => {
  let rest = '';
  const emit = (line: string): void => {
    const drawn = line.replace(/\r+$/, '');
    onLine(drawn.slice(drawn.lastIndexOf('\r') + 1));
  };
  return {
    add(chunk: string): void {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) emit(line);
    },
    end(): void {
      if (rest !== '') emit(rest);
      rest = '';
    },
  };
};
