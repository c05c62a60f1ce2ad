/** Turns text from plugins into one line for an event, the log or a gRPC trailer. */

/** In characters: the maximum length of a Kubernetes event. */
const limit = 1024;

/** Line breaks, control characters, direction marks and lone surrogates, which cannot be encoded. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu;

/** Deterministic. Keeps the start or the end of text that is too long. */
export const plainText = (text: string, keep: 'start' | 'end' = 'start'): string => {
  // Eight times the limit, since whitespace collapses; not all of it, since it may be megabytes.
  const part = keep === 'start' ? text.slice(0, 8 * limit) : text.slice(-8 * limit);
  const characters = Array.from(part.replace(unprintable, ' ').trim());
  if (characters.length <= limit) return characters.join('');
  const kept = keep === 'start' ? characters.slice(0, limit - 1) : characters.slice(1 - limit);
  return keep === 'start' ? `${kept.join('')}…` : `…${kept.join('')}`;
};
