/**
 * Splits JSON text into the texts of its members and joins them again. Configurations must be passed on "unaltered" (CNI
 * spec, section 1), but JSON.parse changes integers beyond 2^53.
 */

/** The members of an object with their values as text. As in JSON.parse, the last of several equal keys wins. */
export const rawMembers = (text: string): ReadonlyMap<string, string> => {
  const members = new Map<string, string>();
  for (const piece of piecesOf(text)) {
    const colon = endOfString(piece, 0);
    const key = String(JSON.parse(piece.slice(0, colon)));
    members.set(key, piece.slice(piece.indexOf(':', colon) + 1).trim());
  }
  return members;
};

/** The elements of an array as text. */
export const rawElements = (text: string): string[] => piecesOf(text);

/** The text of an object with these members. */
export const rawObject = (members: Iterable<readonly [string, string]>): string =>
  `{${Array.from(members, ([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`;

/** The texts between the commas of the outermost object or array. The text must be valid JSON. */
const piecesOf = (text: string): string[] => {
  const inner = text.trim().slice(1, -1);
  const pieces: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < inner.length; at++) {
    const char = inner[at];
    if (char === '"') at = endOfString(inner, at) - 1;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ',' && depth === 0) {
      pieces.push(inner.slice(start, at).trim());
      start = at + 1;
    }
  }
  const last = inner.slice(start).trim();
  return last === '' ? pieces : [...pieces, last];
};

/** The position after the string literal that starts at `start`. */
const endOfString = (text: string, start: number): number => {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
};
