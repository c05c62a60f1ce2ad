/**
 * Reads from the log what the network runtime did for one sandbox. Not from its events: they are lost when the runtime restarts, only the
 * last ones are kept, and network runtimes of users have none.
 */

import {type LogLine, receivedIpConfigs} from './runtime-log.ts';

export interface Moment {
  /** RFC 3339, UTC: when the RPC ended. */
  readonly time: string;
  /** Milliseconds after the first moment. */
  readonly offset: number;
  /** `AttachInterface ok` */
  readonly what: string;
  /** The RPC's duration in milliseconds. */
  readonly ms: number | undefined;
  readonly level: string;
  readonly error?: string;
  /** Number of equal lines in a row: the kubelet polls. */
  readonly times: number;
  /** Time of the last of them. */
  readonly until: string;
}

/** The RPC of `pod inspect` itself, which is left out. */
const inspecting = 'InspectPodNetwork';

export interface Subject {
  readonly correlation?: string | undefined;
  readonly sandbox?: string | undefined;
  readonly netns?: string | undefined;
  readonly uid?: string | undefined;
}

/** `lines` are in the order of the journal. */
export const timelineOf = (lines: readonly LogLine[], subject: Subject): readonly Moment[] => {
  const own = linesOf(lines, subject).filter(
    ({rpc, msg}) => rpc !== inspecting && receivedIpConfigs(msg) === undefined,
  );
  const begun = Date.parse(own[0]?.time ?? '');
  const moments: Moment[] = [];
  for (const {time, msg, ms, level, error} of own) {
    const last = moments.at(-1);
    if (last && last.what === msg && last.error === error && level !== 'error') {
      moments.splice(-1, 1, {...last, times: last.times + 1, until: time});
      continue;
    }
    const offset = Date.parse(time) - begun || 0;
    const failure = error === undefined ? {} : {error};
    moments.push({time, offset, what: msg, ms, level, ...failure, times: 1, until: time});
  }
  return moments;
};

/** Selects by correlation id. For runtimes that log no correlation id, selects by sandbox, netns or uid. */
const linesOf = (
  lines: readonly LogLine[],
  {correlation, sandbox, netns, uid}: Subject,
): readonly LogLine[] => {
  const correlated = lines.filter(
    (line) => line.correlation !== undefined && line.correlation === correlation,
  );
  if (correlated.length > 0) return correlated;
  const named = lines.filter(
    (line) =>
      (sandbox !== undefined && line.sandbox === sandbox) || (netns !== undefined && line.netns === netns),
  );
  if (named.length > 0) return named;
  // Lines about an earlier sandbox of the pod may be of another network runtime.
  const isOfOther = (line: LogLine): boolean =>
    (line.sandbox !== undefined && sandbox !== undefined) ||
    (line.netns !== undefined && netns !== undefined);
  return lines.filter((line) => uid !== undefined && line.uid === uid && !isOfOther(line));
};
