/** journalctl on a node: the network runtime's log lines, as it wrote them. */

import type {Command} from '../host/host.ts';

export interface JournalQuery {
  readonly follow?: boolean;
  /** Only lines after this time: milliseconds since the epoch. Has no effect with `afterCursor`: journalctl refuses both. */
  readonly since?: number | undefined;
  /** Print the position of the last line at the end; see `cursorOf`. */
  readonly showCursor?: boolean;
  /** Only lines after this position. */
  readonly afterCursor?: string | undefined;
  /** A Perl regular expression: only lines that match it. */
  readonly pattern?: string;
}

export const runtimeJournal = ({
  follow = false,
  since,
  showCursor = false,
  afterCursor,
  pattern,
}: JournalQuery = {}): Command => [
  'journalctl',
  [
    '--unit=kni',
    '--output=cat',
    '--no-pager',
    ...(since === undefined || afterCursor !== undefined ? [] : [`--since=@${since / 1000}`]),
    ...(showCursor ? ['--show-cursor'] : []),
    ...(afterCursor === undefined ? [] : [`--after-cursor=${afterCursor}`]),
    ...(follow ? ['--follow', '--lines=all'] : []),
    ...(pattern === undefined ? [] : [`--grep=${pattern}`, '--case-sensitive=true']),
  ],
];

/** Lines of the kubelet and containerd that match `pattern`, as JSON. `since` is in milliseconds since the epoch. */
export const servicesJournal = ({
  since,
  follow,
  pattern,
}: {
  readonly since: number;
  readonly follow: boolean;
  readonly pattern: string;
}): Command => [
  'journalctl',
  [
    '--unit=kubelet',
    '--unit=containerd',
    '--output=json',
    '--output-fields=MESSAGE,_SYSTEMD_UNIT',
    '--no-pager',
    `--since=@${since / 1000}`,
    ...(follow ? ['--follow', '--lines=all'] : []),
    `--grep=${pattern}`,
    '--case-sensitive=true',
  ],
];

/**
 * Prints the output of kni.service's program, without messages of systemd. `since` is in milliseconds since the epoch; `lines` limits
 * the output to the last ones. With `follow`, prints only new lines.
 */
export const kniServiceLog = (
  query: {readonly since: number; readonly lines: number} | {readonly follow: true},
): Command => [
  'journalctl',
  [
    '_SYSTEMD_UNIT=kni.service',
    '--output=cat',
    '--no-pager',
    ...('follow' in query
      ? ['--follow', '--lines=0']
      : [`--since=@${query.since / 1000}`, `--lines=${query.lines}`]),
  ],
];

/** The position that `showCursor` prints; undefined for other lines. */
export const cursorOf = (line: string): string | undefined => /^-- cursor: (\S+)$/.exec(line)?.[1];
