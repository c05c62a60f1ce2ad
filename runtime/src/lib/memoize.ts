/** Memoizes a pure function of one string: keeps the results of the last `limit` arguments. Errors are not kept. */
export const memoize = <T extends object | string>(
  limit: number,
  compute: (text: string) => T,
): ((text: string) => T) => {
  const results = new Map<string, T>(); // the oldest first
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = compute(text);
    for (const oldest of results.keys()) {
      if (results.size < limit) break;
      results.delete(oldest);
    }
    results.set(text, result);
    return result;
  };
};
