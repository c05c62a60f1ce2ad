/**
 * Keeps what the last few texts gave: for a function of its text alone whose results nobody changes. What is thrown is not
 * kept.
 */
export const remembering = <T extends object | string>(
  limit: number,
  work: (text: string) => T,
): ((text: string) => T) => {
  const kept = new Map<string, T>(); // the oldest first
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    const made = work(text);
    for (const oldest of kept.keys()) {
      if (kept.size < limit) break;
      kept.delete(oldest);
    }
    kept.set(text, made);
    return made;
  };
};
