/** Keeps this node prepared for the nodes of the cluster, and knows why it is not. */
import {join} from 'node:path';
import {createLock} from '../lib/keyed-lock.ts';
import {repeat} from '../lib/repeat.ts';
import {errorText} from '../log.ts';
import {createNodeChecks} from './checked-nodes.ts';
import {readNodeCache, writeNodeCache} from './node-cache.ts';
import type {NodeFacts} from './node-facts.ts';
import type {RefusedPodCidr} from './pod-cidrs.ts';
import {type PrepareOptions, prepareNode} from './prepare-node.ts';
import {type Trouble, troubleOfPreparing} from './trouble.ts';

export interface Preparation {
  /** All nodes of the cluster, from the API server or from the cache. */
  readonly nodes: () => readonly NodeFacts[];
  /** Prepares this node again if the nodes have changed. */
  readonly replaceNodes: (nodes: readonly NodeFacts[]) => Promise<void>;
  /** Prepares this node. Never rejects: `trouble` has the reason of a failure. */
  readonly prepare: () => Promise<void>;
  /** Prepares this node again and again until the signal aborts. */
  readonly repair: () => Promise<void>;
  /** Why this node is not prepared; undefined if it is, or if nothing was to be done yet. */
  readonly trouble: () => Trouble | undefined;
  /** The refused podCIDRs, which get no route. */
  readonly refusedPodCidrs: () => readonly RefusedPodCidr[];
}

export interface PreparationOptions extends PrepareOptions {
  readonly stateDir: string;
  /** Other programs may flush rules and routes, so they are restored this often. */
  readonly repairIntervalMs: number;
  readonly signal: AbortSignal;
}

/** At most this long after a failure, preparing the node is tried again. */
const retryMs = 5_000;

/** Starts with the cached nodes, which may be the only source while the API server is down. */
export const openPreparation = async (options: PreparationOptions): Promise<Preparation> => {
  const {log, signal, nodeName, repairIntervalMs} = options;
  const cache = join(options.stateDir, 'nodes.json');
  const checks = createNodeChecks(options);
  const lock = createLock();
  let nodes: readonly NodeFacts[] = await readNodeCache(cache);
  let prepared = ''; // the nodes of the last successful preparation, as JSON
  let preparedOwn = ''; // this node among them, as JSON
  let trouble: Trouble | undefined;
  let isBehind = false; // the last repair failed
  let lastAt = performance.now(); // the last attempt
  let loggedError = ''; // so that retries do not log the same error again

  const save = () =>
    writeNodeCache(cache, nodes).catch((error: unknown) => {
      log.warn('cannot save the list of nodes', {error: errorText(error)});
    });
  const markFailed = (error: unknown) => {
    trouble = troubleOfPreparing(error);
    prepared = '';
    preparedOwn = '';
    if (loggedError !== errorText(error))
      log.error('cannot prepare the node for pods', {error: errorText(error)});
    loggedError = errorText(error);
  };
  const prepareOnce = async () => {
    const wanted = JSON.stringify(nodes);
    const own = JSON.stringify(nodes.find(({name}) => name === nodeName)) ?? '';
    try {
      await prepareNode(options, checks.check(nodes));
      trouble = undefined;
      isBehind = false;
      loggedError = '';
      if (prepared !== wanted) await save();
      prepared = wanted;
      preparedOwn = own;
    } catch (error) {
      // The node stays ready with its last settings: a failure after another node joined, or on a busy machine, is no
      // reason to refuse pods.
      isBehind = preparedOwn !== '' && preparedOwn === own;
      if (isBehind)
        log.warn('cannot repair the network settings of the node, retrying', {error: errorText(error)});
      else markFailed(error);
    }
  };
  const prepare = () =>
    lock('node', async () => {
      await prepareOnce();
      lastAt = performance.now();
    });
  const repairIfDue = async () => {
    const isFailed = trouble !== undefined || isBehind;
    if (isFailed || performance.now() - lastAt >= repairIntervalMs) await prepare();
  };

  return {
    nodes: () => nodes,
    replaceNodes: async (read) => {
      nodes = read;
      if (JSON.stringify(nodes) !== prepared) await prepare();
    },
    prepare,
    repair: () => repeat(repairIfDue, Math.min(retryMs, repairIntervalMs), signal),
    trouble: () => trouble,
    refusedPodCidrs: checks.refused,
  };
};
