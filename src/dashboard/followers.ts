/** Follows events and logs of a cluster, and reconnects when the set of its nodes changes. */

import {setMaxListeners} from 'node:events';
import type {Cluster} from '../cluster/cluster.ts';
import {readEvents} from '../cluster/events/read-events.ts';
import type {FeedMessage} from './feed.ts';
import {followLogs} from './follow-logs.ts';

export interface FollowersOptions {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly publish: (message: FeedMessage) => void;
  /** Something happened on the node. */
  readonly onEvent: (node: string) => void;
  readonly signal: AbortSignal;
}

export interface Followers {
  /** Follows this cluster from now on. Does nothing if its nodes are followed already. */
  follow(cluster: Cluster): void;
  /** The cluster is gone. */
  end(): void;
  ended(): Promise<void>;
  /** Aborts with an error of this program. */
  readonly failed: AbortSignal;
}

export const createFollowers = ({since, publish, onEvent, signal}: FollowersOptions): Followers => {
  const failing = new AbortController();
  let from = since;
  let followed = '';
  let lastSeen: string | undefined;
  let ending = new AbortController();
  let running: Promise<unknown> = Promise.resolve();

  const followEvents = async (cluster: Cluster, nodes: readonly string[], reading: AbortSignal) => {
    for await (const event of readEvents(cluster, {nodes, since: from, follow: true, signal: reading})) {
      publish({type: 'event', ...event});
      if (event.node !== undefined && !event.routine) onEvent(event.node);
    }
  };
  const start = (cluster: Cluster, nodes: readonly string[]): void => {
    ending = new AbortController();
    const reading = AbortSignal.any([signal, ending.signal]);
    setMaxListeners(0, reading);
    const logs = followLogs(cluster, nodes, {
      since: from,
      signal: reading,
      onLine: ({node, line}) => publish({...line, type: 'log', node}),
    });
    running = Promise.all([running, followEvents(cluster, nodes, reading), logs]).catch((error: unknown) => {
      if (!reading.aborted) failing.abort(error);
    });
  };
  const end = (): void => {
    ending.abort();
    if (followed !== '') from = Date.now();
    followed = '';
  };
  return {
    follow(cluster) {
      const nodes = cluster.nodes.map(({name}) => name);
      const key = nodes.join(' ');
      // kind creates the nodes one after the other: another list must be seen twice.
      const isStable = lastSeen === undefined || lastSeen === key;
      lastSeen = key;
      if (key === followed || !isStable) return;
      end();
      followed = key;
      start(cluster, nodes);
    },
    end() {
      end();
      lastSeen = '';
    },
    async ended() {
      await running;
    },
    failed: failing.signal,
  };
};
