/** Links lines of a network runtime's log to the bars of the calls that they are about: either may come first. Pure. */

import type {LogEntry} from './model.ts';

/** Microseconds between the end of a call and its line. */
const sameMoment = 50_000;

/** `log` is in the order of time; `added` are its new entries. */
export const withLinkedLines = (
  log: readonly LogEntry[],
  added: readonly LogEntry[],
): readonly LogEntry[] => {
  const first = added.reduce((least, {at}) => Math.min(least, at), Number.POSITIVE_INFINITY) - sameMoment;
  const from = log.findLastIndex(({at}) => at < first) + 1;
  const recent = log.slice(from);
  const ends = recent.filter(isEnd);
  if (ends.length === 0) return log;
  let start = 0;
  const linked = recent.map((entry): LogEntry => {
    if (entry.source !== 'log' || entry.bar !== undefined) return entry;
    while (start < ends.length && (ends[start]?.at ?? 0) < entry.at - sameMoment) start += 1;
    let found: LogEntry | undefined;
    for (let index = start; index < ends.length; index += 1) {
      const end = ends[index];
      if (end === undefined || end.at > entry.at + sameMoment) break;
      // The one that came first, so that the size of the batches does not matter.
      if (isAbout(entry, end) && (found === undefined || end.id < found.id)) found = end;
    }
    return found === undefined
      ? entry
      : {...entry, life: found.life, bar: found.bar, pod: entry.pod ?? found.pod};
  });
  return [...log.slice(0, from), ...linked];
};

const isEnd = ({about, bar}: LogEntry): boolean =>
  bar !== undefined && 'kind' in about && (about.kind === 'rpc-ended' || about.kind === 'plugin-ended');

const isAbout = ({about: line, pod, text}: LogEntry, {about: end, pod: podOfEnd}: LogEntry): boolean =>
  (line.rpc ?? line.plugin) !== undefined &&
  line.rpc === end.rpc &&
  line.plugin === end.plugin &&
  (!('command' in end) || text.startsWith(`${end.plugin} ${end.command} `)) &&
  (line.error === undefined) === (end.error === undefined) &&
  (pod === undefined ? line.sandbox !== undefined : pod === podOfEnd) &&
  (line.sandbox === undefined || end.sandbox === undefined || line.sandbox === end.sandbox);
