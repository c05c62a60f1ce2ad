/** journalctl on a node: the network runtime's log lines, as it wrote them. */

import type {Command} from '../host/host.ts';

export interface JournalQuery {
  readonly follow?: boolean;
  /** A Perl regular expression: only lines that match it. */
  readonly pattern?: string;
}

export const runtimeJournal = ({follow = false, pattern}: JournalQuery = {}): Command => [
  'journalctl',
  [
    '--unit=kni',
    '--output=cat',
    '--no-pager',
    ...(follow ? ['--follow', '--lines=all'] : []),
    ...(pattern === undefined ? [] : [`--grep=${pattern}`, '--case-sensitive=true']),
  ],
];
