/** Pods and messages that tests of the dashboard make up. */

import {timeText} from '../../../src/cluster/events/event.ts';
import type {FeedMessage} from '../../../src/dashboard/feed.ts';

export const nodes = ['test1-control-plane', 'test1-worker'] as const;
export type NodeName = (typeof nodes)[number];

export interface MadePod {
  /** `<namespace>/<name>` */
  readonly pod: string;
  readonly uid: string;
  readonly node: NodeName;
  readonly address: string;
  readonly hostPort?: number;
}

/** Every second one is on the worker. */
export const madePod = (pod: string, index: number, more: Partial<MadePod> = {}): MadePod => ({
  pod,
  uid: `0b0361b2-982e-45ed-82e6-${String(index).padStart(12, 'a')}`,
  node: index % 2 === 0 ? 'test1-worker' : 'test1-control-plane',
  address: `10.244.${index % 2 === 0 ? 1 : 0}.${2 + Math.floor(index / 2)}`,
  ...more,
});

export const sandboxOf = ({uid}: MadePod): string => `5a${uid.replaceAll('-', '').padStart(62, '0')}`;
export const netnsOf = ({uid}: MadePod): string => `kni-${uid}-1`;

/** `at` is in microseconds since the epoch. */
export type Timed = FeedMessage & {readonly at: number};

export const timed = (at: number, message: object): Timed => ({
  ...(message as FeedMessage),
  time: timeText(at),
  at,
});

/** In the order in which the server sends them. */
export const inOrder = (messages: readonly Timed[]): readonly FeedMessage[] =>
  messages
    .toSorted((a, b) => a.at - b.at || Number(b.type === 'start') - Number(a.type === 'start'))
    .map((each) => {
      const {at: _at, ...message} = each;
      return message;
    });
