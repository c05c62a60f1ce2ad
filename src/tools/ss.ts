/** ss on a node: TCP connections with their owners and byte counts, from the kernel. */

import type {Command} from '../host/host.ts';

/** Without a state: open connections. One line for each. `port` is that of this side (`sport`) or of the peer (`dport`). */
export const socketsTo = (side: 'sport' | 'dport', port: number, state?: 'time-wait'): Command => [
  'ss',
  [
    '--tcp',
    '--numeric',
    '--info',
    '--processes',
    '--oneline',
    '--no-header',
    ...(state === undefined ? [] : ['state', state]),
    `( ${side} = :${port} )`,
  ],
];

export interface TcpSocket {
  /** `172.18.0.4:57316` */
  readonly local: string;
  readonly peer: string;
  /** Of the first process that holds it; undefined for a closed connection. */
  readonly pid: string | undefined;
  /** Bytes that it has sent, with retransmissions. */
  readonly sent: number;
}

export const parseSockets = (stdout: string): readonly TcpSocket[] =>
  stdout.split('\n').flatMap((line) => {
    const [local, peer] = line.match(/\S+:\d+(?=\s|$)/g) ?? [];
    if (local === undefined || peer === undefined) return [];
    const sent = Number(/\bbytes_sent:(\d+)/.exec(line)?.[1] ?? 0);
    return [{local, peer, pid: /\bpid=(\d+)/.exec(line)?.[1], sent}];
  });
