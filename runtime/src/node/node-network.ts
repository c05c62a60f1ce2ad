/** The network of this node: follows the cluster's nodes, keeps this one prepared, and knows why when it is not. */
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
  /** Begins to follow the cluster's nodes, until the signal aborts. */
  readonly follow: () => void;
  /** Makes the node ready, or throws NodeNotReady. */
  readonly setup: () => Promise<void>;
  /** The network that pods are attached to, and why none can be attached to it now. */
  readonly status: () => Promise<NetworkStatus>;
  /** The network to attach pods to, or NodeNotReady. */
  readonly network: () => Conflist;
  /** A NetworkAttachmentDefinition of the cluster, from memory, also while the API server is down. */
  readonly definitionOf: (namespace: string, name: string) => Definition | undefined;
  /** The podCIDRs of nodes that have no route here, and why. */
  readonly refusedPodCidrs: () => readonly RefusedPodCidr[];
}

export interface NodeNetworkOptions extends PrepareOptions {
  readonly kubeconfig: string;
  readonly binDirs: readonly string[];
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** What stands in the way of pods on any network. */
  readonly troubleBefore?: () => Trouble | undefined;
  /** What the plugins themselves say of a network that is otherwise ready. */
  readonly statusOf?: (list: Conflist) => Promise<Trouble | undefined>;
  /** Whether it still has addresses. */
  readonly poolOf?: (list: Conflist) => Promise<Trouble | undefined>;
}

/** Rules and routes may be flushed behind our back; what failed may have been too early. */
const repairMs = {prepared: 60_000, failed: 5_000};

/** Prepares the node for what is remembered of the cluster; it may be all there is for some time. */
export const openNodeNetwork = async (options: NodeNetworkOptions): Promise<NodeNetwork> => {
  const {kubeconfig, log, signal, nodeName, stateDir} = options;
  const cache = join(stateDir, 'nodes.json');
  const definitions = await openDefinitions(join(stateDir, 'network-attachment-definitions.json'), log);
  const source = createNetworkSource(options.confDir, options.binDirs);
  const checks = createNodeChecks(options);
  const lock = createLock();
  let nodes: readonly NodeFacts[] = await readNodeCache(cache);
  let prepared = ''; // the nodes that this one was prepared for, as text
  let preparedOwn = ''; // this one among them
  let reading: Trouble | undefined = {
    reason: 'NodesUnread',
    message: 'the nodes of the cluster have not been listed yet',
  };
  let preparing: Trouble | undefined;
  let isBehind = false; // the last attempt to prepare it again has failed
  let told = ''; // of a failure that is tried again and again

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
        told = '';
        if (prepared !== wanted) await remember();
        prepared = wanted;
        preparedOwn = own ?? '';
      } catch (error) {
        // On a busy machine it may take too long; what was right for this node a minute ago most likely still is, and
        // pods need not lose their node because another one came.
        if (preparedOwn !== '' && preparedOwn === own) {
          isBehind = true;
          log.warn('cannot repair the network settings of the node, retrying', {error: errorText(error)});
          return;
        }
        preparing = troubleOfPreparing(error);
        prepared = '';
        preparedOwn = '';
        if (told !== errorText(error))
          log.error('cannot prepare the node for pods', {error: errorText(error)});
        told = errorText(error);
      }
    });
  const repair = async () => {
    while (!signal.aborted) {
      const ms = preparing || isBehind ? repairMs.failed : repairMs.prepared;
      await delay(ms, undefined, {signal}).catch(() => undefined); // rejects when it is aborted
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
