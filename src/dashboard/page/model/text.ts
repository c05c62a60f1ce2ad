/** Times and fields as texts. Pure. */

import type {ClusterEvent} from '../../../cluster/events/event.ts';
import type {LogMessage} from '../../feed.ts';

/** `12.3 s`, `3 min 12 s`, `2 h 5 min`; of microseconds. */
export const spanText = (microseconds: number): string => {
  const seconds = microseconds / 1_000_000;
  if (seconds < 1) return `${Math.round(microseconds / 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
};

/** `+120 ms` since the beginning; of microseconds. The step between two ticks decides how exact it is. */
export const sinceText = (microseconds: number): string => {
  const sign = microseconds < 0 ? '−' : '+';
  const size = Math.abs(microseconds);
  if (size < 10_000 && size % 1_000 !== 0)
    return `${sign}${(size / 1_000).toFixed(size % 100 === 0 ? 1 : 2)} ms`;
  if (size < 10_000_000) return `${sign}${(size / 1_000).toFixed(0)} ms`;
  return `${sign}${spanText(size)}`;
};

/** `+12573 ms`, `+132.519 s`, and minutes only when they are many: neighbours must differ; of microseconds. */
export const exactText = (microseconds: number): string => {
  if (Math.abs(microseconds) < 100_000_000) return `+${Math.round(microseconds / 1000)} ms`;
  return Math.abs(microseconds) < 3_600_000_000
    ? `+${(microseconds / 1_000_000).toFixed(3)} s`
    : sinceText(microseconds);
};

/** `18:22:06.123` in UTC, as the command line prints it; of microseconds. */
export const clockText = (microseconds: number): string =>
  Number.isFinite(microseconds) ? new Date(microseconds / 1000).toISOString().slice(11, 23) : '';

/** Control characters, those that change the direction of text, and halves of characters: names and errors of others may have them. */
const unseen = /[\p{Cc}\p{Bidi_Control}\p{Cs}]/gu;

/** Foreign text with such characters written as in JSON: `\u202e`. Otherwise they would hide or reorder the text around them. */
export const visibleText = (text: string): string =>
  text.replaceAll(unseen, (letter) =>
    letter === '\n' || letter === '\t'
      ? letter
      : String.raw`\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const unshown: ReadonlySet<string> = new Set([
  'type',
  'version',
  'time',
  'node',
  'source',
  'kind',
  'call',
  'routine',
  'level',
  'msg',
  'request',
  'response',
]);

/** Names and values for people. Of an object, such as annotations, only the keys: values may be secret. */
export const fieldsOf = (about: ClusterEvent | LogMessage): readonly (readonly [string, string])[] =>
  Object.entries(about).flatMap(
    ([name, value]: [string, unknown]): readonly (readonly [string, string])[] => {
      if (unshown.has(name) || value === undefined || value === null || value === '') return [];
      const text = Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value);
      return [[visibleText(name), visibleText(text)]];
    },
  );

const textOf = (value: unknown): string => {
  if (typeof value === 'object' && value !== null) return Object.keys(value).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** The name of a node without that of its cluster: `worker`. */
export const shortNode = (node: string | undefined, cluster: string): string => {
  if (node === undefined) return '';
  return cluster !== '' && node.startsWith(`${cluster}-`) ? node.slice(cluster.length + 1) : node;
};

/** Without the namespace if it is `default`. */
export const shortPod = (path: string): string => (path.startsWith('default/') ? path.slice(8) : path);
