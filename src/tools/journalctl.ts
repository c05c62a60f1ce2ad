/** journalctl on a node: the network runtime's log lines, as it wrote them. */

import type {Command} from '../host/host.ts';

export interface JournalQuery {
  readonly follow?: boolean;
  /** Only lines with this text in them. */
  readonly grep?: string;
}

export const runtimeJournal = ({follow = false, grep}: JournalQuery = {}): Command => [
  'journalctl',
  [
    '--unit=kni',
    '--output=cat',
    '--no-pager',
    ...(follow ? ['--follow', '--lines=all'] : []),
    ...(grep === undefined ? [] : [`--grep=${grep}`, '--case-sensitive=true']),
  ],
];
