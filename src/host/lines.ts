/** Splits chunks of text into lines. */

/**
 * `add` takes a chunk and calls `onLine` for each complete line; `end` calls it for the rest.
 * A progress bar redraws its line with carriage returns: only the last version counts.
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
