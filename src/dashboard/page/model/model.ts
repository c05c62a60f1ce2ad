/** The state of the page. `reduce` alone computes it, from the messages of the feed. */

import type {ClusterEvent} from '../../../cluster/events/event.ts';
import type {ActionName, LogMessage, NodeSnapshot} from '../../feed.ts';
import type {Life} from './life.ts';
import type {Pods} from './pods.ts';

export interface LogEntry {
  readonly id: number;
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly node: string;
  /** `log` is a line of a network runtime's log. */
  readonly source: ClusterEvent['source'] | 'log';
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly pod: string | undefined;
  /** Hidden by default: beginnings of calls, routine calls, and log lines that repeat an event. */
  readonly isMinor: boolean;
  readonly life: string | undefined;
  readonly bar: number | undefined;
  readonly about: ClusterEvent | LogMessage;
}

export interface Model {
  readonly cluster: string;
  readonly isLive: boolean;
  readonly actions: readonly ActionName[];
  readonly drills: readonly string[];
  /** Microseconds since the epoch: the latest time of all messages. */
  readonly now: number;
  /** Undefined before the first snapshot. */
  readonly nodes: readonly NodeSnapshot[] | undefined;
  readonly pods: Pods;
  /** In the order of their beginning; the number is bounded. */
  readonly lives: ReadonlyMap<string, Life>;
  /** The id of the youngest life of each pod. */
  readonly lifeOfPod: ReadonlyMap<string, string>;
  /** In the order of time; the number is bounded. */
  readonly log: readonly LogEntry[];
  readonly lost: string | undefined;
  /** Messages that this page did not get. */
  readonly dropped: number;
  /** Number of events so far. */
  readonly events: number;
  /** The next id of a bar or log entry. */
  readonly nextId: number;
}

export const emptyModel: Model = {
  cluster: '',
  isLive: false,
  actions: [],
  drills: [],
  now: 0,
  nodes: undefined,
  pods: new Map(),
  lives: new Map(),
  lifeOfPod: new Map(),
  log: [],
  lost: undefined,
  dropped: 0,
  events: 0,
  nextId: 1,
};
