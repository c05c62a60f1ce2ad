/** The node's own network: follows the cluster's nodes, keeps this node prepared, and reports why it is not ready. */
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import type {Conflist} from '../cni/conflist.ts';
import {createLock} from '../lib/keyed-lock.ts';
import {errorText} from '../log.ts';
import {createNodeChecks} from './checked-nodes.ts';
import {type Definition, definitionsResource, isAbsentResource, openDefinitions} from './definitions.ts';
import {NodeNotReady} from './errors.ts';
import {type Following, followResource} from './follow-resource.ts';
import {createNetworkSource, type NetworkStatus} from './network-source.ts';
import {readNodeCache, writeNodeCache} from './node-cache.ts';
import {type NodeFacts, nodesResource} from './node-facts.ts';
import type {RefusedPodCidr} from './pod-cidrs.ts';
import {type PrepareOptions, prepareNode} from './prepare-node.ts';
import {type Trouble, troubleOfNode, troubleOfPreparing, troubleOfReading} from './trouble.ts';

export interface NodeNetwork {
  /** Follows the cluster's nodes until the signal aborts. */
  readonly follow: () => void;
  /** Prepares the node, or throws NodeNotReady. */
  readonly setup: () => Promise<void>;
  /** The network for pods, and the reason if none can be attached now. */
  readonly status: () => Promise<NetworkStatus>;
  /** Returns the network for pods, or throws NodeNotReady. */
  readonly network: () => Conflist;
  /** A NetworkAttachmentDefinition from the cache, so that it works while the API server is down. */
  readonly definitionOf: (namespace: string, name: string) => Definition | undefined;
  /** The refused podCIDRs, which get no route. */
  readonly refusedPodCidrs: () => readonly RefusedPodCidr[];
}

export interface NodeNetworkOptions extends PrepareOptions {
  readonly kubeconfig: string;
  readonly binDirs: readonly string[];
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** A problem that affects pods on every network. */
  readonly troubleBefore?: () => Trouble | undefined;
  /** The STATUS of the plugins; asked only if the network is otherwise ready. */
  readonly statusOf?: (list: Conflist) => Promise<Trouble | undefined>;
  /** A problem with the addresses of the network. */
  readonly poolOf?: (list: Conflist) => Promise<Trouble | undefined>;
}

/** Other programs may flush rules and routes, hence the repeated repair; after a failure it comes earlier. */
const repairMs = {prepared: 60_000, failed: 5_000};

/** Prepares the node with the cached nodes, which may be the only source while the API server is down. */
export const openNodeNetwork = async (options: NodeNetworkOptions): Promise<NodeNetwork> => {
  const {kubeconfig, log, signal, nodeName, stateDir} = options;
  const cache = join(stateDir, 'nodes.json');
  const definitions = await openDefinitions(join(stateDir, 'network-attachment-definitions.json'), log);
  const source = createNetworkSource(options.confDir, options.binDirs);
  const checks = createNodeChecks(options);
  const lock = createLock();
  let nodes: readonly NodeFacts[] = await readNodeCache(cache);
  let prepared = ''; // the nodes of the last successful preparation, as JSON
  let preparedOwn = ''; // this node among them, as JSON
  let reading: Trouble | undefined = {
    reason: 'NodesUnread',
    message: 'the nodes of the cluster have not been listed yet',
  };
  let preparing: Trouble | undefined;
  let isBehind = false; // the last repair failed
  let loggedError = ''; // so that retries do not log the same error again

  const remember = () =>
    writeNodeCache(cache, nodes).catch((error: unknown) => {
      log.warn('cannot save the list of nodes', {error: errorText(error)});
    });
  const prepare = () =>
    lock('node', async () => {
      const wanted = JSON.stringify(nodes);
      const own = JSON.stringify(nodes.find(({name}) => name === nodeName));
      try {
        await prepareNode(options, checks.check(nodes));
        preparing = undefined;
        isBehind = false;
        loggedError = '';
        if (prepared !== wanted) await remember();
        prepared = wanted;
        preparedOwn = own ?? '';
      } catch (error) {
        // The node stays ready with its last settings: a failure after another node joined, or on a busy machine, is no
        // reason to refuse pods.
        if (preparedOwn !== '' && preparedOwn === own) {
          isBehind = true;
          log.warn('cannot repair the network settings of the node, retrying', {error: errorText(error)});
          return;
        }
        preparing = troubleOfPreparing(error);
        prepared = '';
        preparedOwn = '';
        if (loggedError !== errorText(error))
          log.error('cannot prepare the node for pods', {error: errorText(error)});
        loggedError = errorText(error);
      }
    });
  const repair = async () => {
    while (!signal.aborted) {
      const ms = preparing || isBehind ? repairMs.failed : repairMs.prepared;
      await delay(ms, undefined, {signal}).catch(() => undefined); // an aborted delay rejects
      if (!signal.aborted) await prepare();
    }
  };

  const missing = (): Trouble =>
    reading ??
    troubleOfNode(nodes, nodeName) ??
    preparing ?? {reason: 'CNIConfigMissing', message: `${options.confDir} has no network configuration`};
  const status = async (): Promise<NetworkStatus> => {
    const {list, trouble: ofList} = source.look(missing);
    const found = options.troubleBefore?.() ?? ofList ?? preparing;
    if (found || !list) return {list, trouble: found};
    return {list, trouble: (await options.statusOf?.(list)) ?? (await options.poolOf?.(list))};
  };

  let following: Following | undefined;
  const follow = () => {
    const followed = {kubeconfig, log, signal};
    following = followResource({
      ...followed,
      what: 'the nodes',
      resource: nodesResource,
      onItems: async (read) => {
        nodes = read;
        reading = undefined;
        if (JSON.stringify(nodes) !== prepared) await prepare();
      },
      onTrouble: (error) => {
        reading = troubleOfReading(error);
      },
      isUrgent: () => troubleOfNode(nodes, nodeName) !== undefined,
    });
    followResource({
      ...followed,
      what: 'the NetworkAttachmentDefinitions',
      resource: definitionsResource,
      onItems: definitions.replace,
      isAbsent: isAbsentResource,
    });
    void repair();
  };

  await prepare();
  return {
    follow,
    setup: async () => {
      following?.wake();
      await prepare();
      const {trouble} = await status();
      if (trouble) throw new NodeNotReady(trouble.reason, trouble.message);
    },
    status,
    network: () => {
      const list = source.current();
      if (list) return list;
      const {reason, message} = missing();
      throw new NodeNotReady(reason, message);
    },
    definitionOf: definitions.find,
    refusedPodCidrs: checks.refused,
  };
};
