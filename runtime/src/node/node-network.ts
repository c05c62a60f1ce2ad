/** The network of this node: follows the cluster's nodes, keeps this one prepared, and knows why when it is not. */
import {join} from 'node:path';
import type {Conflist} from '../cni/conflist.ts';
import {createLock} from '../lock.ts';
import {textOf} from '../log.ts';
import {NodeNotReady} from './errors.ts';
import {type Following, followNodes} from './follow-nodes.ts';
import {createNetworkSource} from './network-source.ts';
import {readNodeCache, writeNodeCache} from './node-cache.ts';
import type {NodeFacts} from './node-facts.ts';
import {type PrepareOptions, prepareNode} from './prepare-node.ts';
import {type Trouble, troubleOfNode, troubleOfReading} from './trouble.ts';

export interface NodeNetwork {
  /** Begins to follow the cluster's nodes, until the signal aborts. */
  readonly follow: () => void;
  /** Makes the node ready, or throws NodeNotReady. */
  readonly setup: () => Promise<void>;
  /** Why pods cannot be attached now; `undefined` when they can. */
  readonly trouble: () => Promise<Trouble | undefined>;
  /** The network to attach pods to, or NodeNotReady. */
  readonly network: () => Promise<Conflist>;
}

export interface NodeNetworkOptions extends PrepareOptions {
  readonly kubeconfig: string;
  readonly binDirs: readonly string[];
  readonly stateDir: string;
  readonly signal: AbortSignal;
}

/** Rules and routes may be flushed behind our back. */
const repairMs = 60_000;
const setupFailed: Trouble = {
  reason: 'NodeSetupFailed',
  message: 'the node could not be prepared for pods, see the log of the network runtime',
};

/** Prepares the node for what is remembered of the cluster; it may be all there is for some time. */
export const openNodeNetwork = async (options: NodeNetworkOptions): Promise<NodeNetwork> => {
  const {kubeconfig, log, signal, nodeName} = options;
  const cache = join(options.stateDir, 'nodes.json');
  const source = createNetworkSource(options.confDir, options.binDirs);
  const lock = createLock();
  let nodes: readonly NodeFacts[] = await readNodeCache(cache);
  let prepared = ''; // the nodes that this one was prepared for, as text
  let reading: Trouble | undefined = {reason: 'NodesUnread', message: 'the nodes have not been read yet'};
  let preparing: Trouble | undefined;

  const remember = () =>
    writeNodeCache(cache, nodes).catch((error: unknown) => {
      log.warn('the nodes cannot be remembered', {error: textOf(error)});
    });
  const prepare = () =>
    lock('node', async () => {
      const wanted = JSON.stringify(nodes);
      try {
        await prepareNode(options, nodes);
        preparing = undefined;
        if (prepared !== wanted) await remember();
        prepared = wanted;
      } catch (error) {
        // On a busy machine a repair may take too long; what was right a minute ago most likely still is.
        if (prepared === wanted) {
          log.warn('the node is not repaired, which will be tried again', {error: textOf(error)});
          return;
        }
        preparing = setupFailed;
        prepared = '';
        log.error('the node cannot be prepared for pods', {error: textOf(error)});
      }
    });

  const missing = (): Trouble =>
    reading ??
    troubleOfNode(nodes, nodeName) ??
    preparing ?? {reason: 'CNIConfigMissing', message: `${options.confDir} has no network configuration`};
  const trouble = async () => (await source.trouble(missing)) ?? preparing;

  let following: Following | undefined;
  const follow = () => {
    following = followNodes({
      kubeconfig,
      log,
      signal,
      onNodes: async (read) => {
        nodes = read;
        reading = undefined;
        if (JSON.stringify(nodes) !== prepared) await prepare();
      },
      onTrouble: (error) => {
        reading = troubleOfReading(error);
      },
      isUrgent: () => troubleOfNode(nodes, nodeName) !== undefined,
    });
    const repair = setInterval(() => void prepare(), repairMs);
    signal.addEventListener('abort', () => clearInterval(repair), {once: true});
  };

  await prepare();
  return {
    follow,
    setup: async () => {
      following?.wake();
      await prepare();
      const found = await trouble();
      if (found) throw new NodeNotReady(found.reason, found.message);
    },
    trouble,
    network: async () => {
      const list = await source.current();
      if (list) return list;
      const {reason, message} = missing();
      throw new NodeNotReady(reason, message);
    },
  };
};
