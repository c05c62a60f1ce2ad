/** Makes a foreign text fit for one line of an event, a log or a gRPC trailer. */

/** In characters; an event of Kubernetes holds no more. */
const limit = 1024;

/** What ends a line, moves a cursor, turns text around or, being half of a character, cannot be encoded. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu;

/** The same input always makes the same text. Of what is too long it keeps the start, or the end. */
export const plainText = (text: string, keep: 'start' | 'end' = 'start'): string => {
  // More than is shown, since much of it may fall together; not all, since it may be megabytes.
  const part = keep === 'start' ? text.slice(0, 8 * limit) : text.slice(-8 * limit);
  const characters = Array.from(part.replace(unprintable, ' ').trim());
  if (characters.length <= limit) return characters.join('');
  const kept = keep === 'start' ? characters.slice(0, limit - 1) : characters.slice(1 - limit);
  return keep === 'start' ? `${kept.join('')}…` : `…${kept.join('')}`;
};
