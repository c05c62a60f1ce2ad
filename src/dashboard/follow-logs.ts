/** Follows the log of each node's network runtime, and begins again when a node or its journal comes back. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Cluster} from '../cluster/cluster.ts';
import {readJournals} from '../cluster/journals.ts';
import type {NodeLine} from '../cluster/log-selection.ts';

export interface FollowOptions {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly signal: AbortSignal;
  readonly onLine: (line: NodeLine) => void;
}

/** Milliseconds before a journal is read again. */
const retryAfter = 3_000;
/** Lines of one node to remember, because a journal that is read again begins with lines that were seen. */
const remembered = 1_000;

/** Resolves when the signal aborts. A journal that cannot be read is silent: the events say which node is lost. */
export const followLogs = async (
  cluster: Pick<Cluster, 'node'>,
  nodes: readonly string[],
  options: FollowOptions,
): Promise<void> => {
  await Promise.all(nodes.map((node) => followLog(cluster, node, options)));
};

const followLog = async (
  cluster: Pick<Cluster, 'node'>,
  node: string,
  {since, signal, onLine}: FollowOptions,
): Promise<void> => {
  const seen = new Set<string>();
  let latest = since;
  const pass = (each: NodeLine): void => {
    const key = JSON.stringify(each.line);
    if (seen.has(key)) return;
    seen.add(key);
    const [oldest] = seen;
    if (seen.size > remembered && oldest !== undefined) seen.delete(oldest);
    latest = Math.max(latest, Date.parse(each.line.time) || 0);
    onLine(each);
  };
  while (!signal.aborted) {
    const journals = readJournals(cluster, [node], {
      since: latest,
      follow: true,
      signal,
      onFailure: () => undefined,
    });
    try {
      for (const each of await journals.history()) pass(each);
      await journals.follow(pass);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    await sleep(retryAfter, undefined, {signal}).catch(() => undefined);
  }
};
