/** Lays out the JSON of requests and responses for people. Pure. */

/** Letters of a line. */
const width = 40;

/** Values that fit are on one line: `{"ip": ["10.244.1.2"]}`. A text that is not JSON, because it was cut, stays unchanged. */
export const readableJson = (text: string): string => {
  try {
    return layOut(JSON.parse(text), '', 0);
  } catch {
    return text;
  }
};

/** `taken` is the number of letters before and after the value on its first line. */
const layOut = (value: unknown, indent: string, taken: number): string => {
  const line = inLine(value);
  if (typeof value !== 'object' || value === null || indent.length + taken + line.length <= width)
    return line;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((each) => layOut(each, deeper, 1))
    : Object.entries(value).map(([key, each]) => {
        const name = `${JSON.stringify(key)}: `;
        return name + layOut(each, deeper, name.length + 1);
      });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
};

const inLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(inLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, each]) => `${JSON.stringify(key)}: ${inLine(each)}`)
    .join(', ')}}`;
};
