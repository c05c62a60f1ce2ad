/**
 * Makes temporary changes to a running cluster safe. A change is in the state directory before it is made, and leaves it after
 * it is undone. So after `kill -9` at any point, the next command can undo what is left.
 *
 *     await withChanges(place, {cluster: 'test1', command: 'kni-demo drill readiness', signal, say}, async (changes) => {
 *       await stopService(changes, {node: 'test1-worker', unit: 'kni', signal});
 *       …
 *     });                                  // kni runs again, also after an error or Ctrl-C
 *
 * The caller must hold the lock, because only one process may change a cluster.
 */

import type {Dirs} from '../cache/dirs.ts';
import {type Cluster, type ClusterPlace, clusterOf, nameFlag, nodesOf} from '../cluster/cluster.ts';
import {startNodes} from '../cluster/start.ts';
import {UserError} from '../errors.ts';
import type {Host} from '../host/host.ts';
import {reasonOf} from '../host/reason.ts';
import type {NodeContainer} from '../tools/docker.ts';
import {type Change, describeChange, nodeOf} from './change.ts';
import {nodesLeft, refuseLost} from './lost-nodes.ts';
import {type ChangeRecord, readChanges, writeChanges} from './record.ts';
import {undoChange} from './undo.ts';

export interface Changes {
  readonly cluster: Cluster;
  /** Records the change, then makes it by `work`. If `work` fails, the change counts as made. */
  make(change: Change, work: () => Promise<void>): Promise<void>;
  /** Undoes this change early. Does nothing if it is undone. Rejects if that fails: it is tried again at the end. */
  undo(change: Change): Promise<void>;
  /** Makes these changes permanent, all at once: they are not undone any more. */
  keep(...changes: readonly Change[]): Promise<void>;
}

export interface ChangeOptions {
  /** The name of the cluster. */
  readonly cluster: string;
  /** For messages: `kni-demo compare`. */
  readonly command: string;
  /** Ends the work. The undo afterwards has its own timeout. */
  readonly signal: AbortSignal;
  /** Gets a line for each change that is undone at the end, or cannot be undone. */
  readonly say: (line: string) => void;
}

/** Milliseconds for one undo. */
const undoTimeout = 120_000;

/**
 * Undoes what an interrupted command has left, runs `work`, and then undoes all its changes, newest first. Rejects as `work` does,
 * or with UserError if a change could not be undone: its record is kept for the next command.
 */
export const withChanges = async <T>(
  place: ClusterPlace,
  options: ChangeOptions,
  work: (changes: Changes) => Promise<T>,
): Promise<T> => {
  const {cluster: name, command, signal, say} = options;
  await restoreChanges(place, options);
  const cluster = clusterOf(place.host, await nodesOf(place.host, name, signal));
  const record = {version: 1, command, pid: process.pid, since: new Date().toISOString()} as const;
  const log = changeLog(place.dirs, name, {...record, changes: []});
  const undo = undoOn(place.host, cluster.nodes, log);
  const changes: Changes = {
    cluster,
    undo: async (change) => {
      if (log.has(change)) await undo(change);
    },
    keep: (...kept) => log.remove(...kept),
    async make(change, workOfChange) {
      signal.throwIfAborted();
      await log.add(change);
      await workOfChange();
    },
  };
  const [outcome] = await Promise.allSettled([work(changes)]);
  const hasFailed = outcome.status === 'rejected' && !signal.aborted;
  const left = hasFailed ? await nodesLeft(place.host, cluster.nodes) : cluster.nodes;
  if (signal.aborted && log.list().length > 0)
    say('restoring the cluster; another Ctrl-C leaves that to the next command');
  const failed = await undoAll(log.list(), undoOn(place.host, left, log), say);
  if (outcome.status === 'rejected') {
    if (!signal.aborted) refuseLost(options, cluster.nodes, left, outcome.reason);
    if (failed.length > 0) say(`to try it again, run: kni-demo up${nameFlag(name)}`);
    throw outcome.reason;
  }
  refuseLeft(name, failed);
  return outcome.value;
};

export interface RestoreOptions extends Pick<ChangeOptions, 'cluster' | 'signal' | 'say'> {
  /** Whether to start stopped nodes, which a restore needs. Default: no, so their changes are kept. */
  readonly mayStart?: boolean;
}

/**
 * Undoes what an interrupted command has left on a cluster, newest first. Returns whether there was anything. The caller must hold
 * the lock. Rejects with UserError if a change cannot be undone.
 */
export const restoreChanges = async (
  {host, dirs}: ClusterPlace,
  {cluster: name, signal, say, mayStart = false}: RestoreOptions,
): Promise<boolean> => {
  const record = await readChanges(dirs, name);
  if (record === undefined) return false;
  let nodes = await nodesOf(host, name, signal);
  if (mayStart && nodes.some(({running}) => !running)) {
    await startNodes(host, nodes, {signal, log: () => undefined});
    nodes = await nodesOf(host, name, signal);
  }
  const log = changeLog(dirs, name, record);
  say(`restoring what an interrupted \`${record.command}\` left`);
  const failed = await undoAll(log.list(), undoOn(host, nodes, log, signal), say);
  signal.throwIfAborted();
  refuseLeft(name, failed);
  return true;
};

/** A stopped node keeps its changes. A change disappears with its node. Resolves as `undoChange` does. */
const undoOn =
  (host: Host, nodes: readonly NodeContainer[], log: ReturnType<typeof changeLog>, signal?: AbortSignal) =>
  async (change: Change): Promise<string | undefined> => {
    const control = nodes.find(({role}) => role === 'control-plane')?.name;
    const node = nodes.find((each) => each.name === (nodeOf(change) ?? control));
    if (node?.running === false) throw new Error(`${node.name} is stopped`);
    const timeout = AbortSignal.timeout(undoTimeout);
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    const note = node && (await undoChange(clusterOf(host, nodes), change, either));
    await log.remove(change);
    return note;
  };

/** Returns why some changes could not be undone. */
const undoAll = async (
  changes: readonly Change[],
  undo: (change: Change) => Promise<string | undefined>,
  say: (line: string) => void,
): Promise<readonly string[]> => {
  const failed: string[] = [];
  for (const change of changes.toReversed()) {
    const what = describeChange(change);
    try {
      const note = await undo(change);
      say(`undone: ${what}`);
      if (note !== undefined) say(`note: ${note}`);
    } catch (error) {
      const why = reasonOf(error);
      failed.push(`${what}: ${why}`);
      say(`cannot undo: ${what}: ${why}`);
    }
  }
  return failed;
};

const refuseLeft = (cluster: string, failed: readonly string[]): void => {
  if (failed.length === 0) return;
  throw new UserError({
    what: `cannot undo the temporary changes of cluster ${cluster}`,
    why: failed.join('\n'),
    tryThis: `remove the cause and run: kni-demo up${nameFlag(cluster)}`,
    code: 'KNI-E115',
  });
};

/** The record in memory, written through to the disk. Calls are serialized. */
const changeLog = (dirs: Dirs, cluster: string, {changes: first, ...record}: ChangeRecord) => {
  let left = [...first];
  let written: Promise<void> = Promise.resolve();
  const write = (next: Change[]): Promise<void> => {
    left = next;
    written = written
      .catch(() => undefined)
      .then(() => writeChanges(dirs, cluster, {...record, changes: left}));
    return written;
  };
  return {
    has: (change: Change): boolean => left.includes(change),
    list: (): readonly Change[] => left,
    async add(change: Change): Promise<void> {
      try {
        await write([...left, change]);
      } catch (error) {
        // It is not made, so it must not be undone.
        left = left.filter((each) => each !== change);
        throw error;
      }
    },
    remove: (...changes: readonly Change[]): Promise<void> =>
      write(left.filter((each) => !changes.includes(each))),
  };
};
