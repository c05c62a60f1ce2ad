/**
 * Reads the events of a cluster, in the order of time: an async iterable for commands, the dashboard and recordings. When a source
 * ends, it is opened again, between the events `source-lost` and `source-back`.
 */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Cluster} from '../cluster.ts';
import {type ClusterEvent, schemaVersion, timeText} from './event.ts';
import {type Feed, feedsOf, SourceFailed} from './feeds.ts';
import {createMerge} from './merge.ts';
import {createNames} from './names.ts';

export interface EventsOptions {
  /** Names of nodes. */
  readonly nodes: readonly string[];
  /** Milliseconds since the epoch. A runtime keeps about two thousand events of its past. */
  readonly since: number;
  /** Go on with new events until the signal aborts, which ends the iteration without an error. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds. Events that arrive later than this after their time may come after younger ones. */
  readonly window?: number;
}

const defaultWindow = 500;
/** Milliseconds between two looks for events. */
const tick = 40;
/** Milliseconds to wait for slow sources before the first events are passed on. */
const patience = 3_000;
/** Milliseconds before a source is read again. */
const retryAfter = {first: 500, most: 5_000};

export async function* readEvents(cluster: Cluster, options: EventsOptions): AsyncGenerator<ClusterEvent> {
  const {nodes, since, follow, signal, window = defaultWindow} = options;
  const merge = createMerge<ClusterEvent>();
  const names = createNames();
  const add = (event: ClusterEvent): void => {
    names.learn(event);
    merge.add(event);
  };
  const ending = new AbortController();
  const reading = AbortSignal.any([signal, ending.signal]);
  const feeds = feedsOf(cluster, nodes, since);
  if (!follow) {
    await Promise.all(feeds.map((feed) => readPast(feed, reading, add)));
    for (const event of merge.take()) yield names.complete(event);
    return;
  }
  let starting = feeds.length;
  const onStart = (): void => {
    starting -= 1;
  };
  const following = Promise.all(feeds.map((feed) => followFeed(feed, {signal: reading, add, onStart})));
  following.catch(() => undefined); // it is awaited below
  const begun = performance.now();
  try {
    while (!signal.aborted) {
      await Promise.race([sleep(tick), following]);
      if (starting > 0 && performance.now() - begun < patience) continue;
      const until = timeText((performance.timeOrigin + performance.now() - window) * 1000);
      for (const event of merge.take(until)) yield names.complete(event);
    }
  } finally {
    ending.abort();
    await following;
  }
}

type Add = (event: ClusterEvent) => void;

const readPast = async (feed: Feed, signal: AbortSignal, add: Add): Promise<void> => {
  try {
    await feed.read({follow: false, signal, onEvent: add});
  } catch (error) {
    if (!(error instanceof SourceFailed)) throw error;
    add(lost(feed, error.message));
  }
};

/** Resolves when the signal aborts. */
const followFeed = async (
  feed: Feed,
  {signal, add, onStart}: {readonly signal: AbortSignal; readonly add: Add; readonly onStart: () => void},
): Promise<void> => {
  let hasStarted = false;
  let cause: string | undefined;
  let wait = retryAfter.first;
  const onAnswer = (): void => {
    if (!hasStarted) onStart();
    hasStarted = true;
  };
  const onEvent: Add = (event) => {
    // A program that has printed an event works; one that has only been started may fail at once.
    if (cause !== undefined) add(back(feed));
    cause = undefined;
    wait = retryAfter.first;
    add(event);
  };
  while (!signal.aborted) {
    let reason = 'it ended';
    try {
      await feed.read({follow: true, signal, onStart: onAnswer, onEvent});
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof SourceFailed)) throw error;
      reason = error.message;
    }
    onAnswer();
    if (cause === undefined) add(lost(feed, reason));
    cause = reason;
    await sleep(wait, undefined, {signal}).catch(() => undefined);
    wait = Math.min(2 * wait, retryAfter.most);
  }
};

const about = (feed: Feed) => ({
  version: schemaVersion,
  time: timeText(Date.now() * 1000),
  node: feed.node,
  source: 'kni-demo' as const,
  reason: feed.source,
});

const lost = (feed: Feed, error: string): ClusterEvent => ({...about(feed), kind: 'source-lost', error});

const back = (feed: Feed): ClusterEvent => ({...about(feed), kind: 'source-back'});
