/** The node's own network: follows the cluster's nodes, keeps this node prepared, and reports why it is not ready. */
import {join} from 'node:path';
import type {Conflist} from '../cni/conflist.ts';
import {handlesSelections} from '../cni/multus.ts';
import type {Pool} from './address-pool.ts';
import {conflistName} from './conflist-of-node.ts';
import {
  type Definition,
  type Definitions,
  definitionsResource,
  isAbsentResource,
  openDefinitions,
} from './definitions.ts';
import {NodeNotReady} from './errors.ts';
import {followResource, type ResourceFollower} from './follow-resource.ts';
import {readKubeconfig} from './kubeconfig.ts';
import {createNetworkSource, type NetworkSourceOptions, type NetworkStatus} from './network-source.ts';
import {nodesResource} from './node-facts.ts';
import type {RefusedPodCidr} from './pod-cidrs.ts';
import {openPreparation, type Preparation, type PreparationOptions} from './preparation.ts';
import {type Trouble, troubleOfNode, troubleOfReading} from './trouble.ts';

export interface NodeNetwork {
  /** Follows the cluster's nodes until the signal aborts. */
  readonly follow: () => void;
  /** Prepares the node, or throws NodeNotReady. */
  readonly setup: () => Promise<void>;
  /** The network for pods, and the reason if none can be attached now. */
  readonly status: () => Promise<NodeStatus>;
  /** The name of the network if it is not configured yet. */
  readonly expectedName: string;
  /** Returns the network for pods, or throws NodeNotReady. */
  readonly network: () => Conflist;
  /** Whether the plugins of the network attach the further networks that a pod selects, as Multus does. */
  readonly handlesSelections: () => boolean;
  /** A NetworkAttachmentDefinition from the cache, so that it works while the API server is down. */
  readonly definitionOf: (namespace: string, name: string) => Definition | undefined;
  /** The refused podCIDRs, which get no route. */
  readonly refusedPodCidrs: () => readonly RefusedPodCidr[];
}

/** `pools` is missing when the addresses were not counted. */
export type NodeStatus = NetworkStatus & Partial<Addresses>;

export interface Addresses {
  readonly pools: readonly Pool[];
  readonly trouble: Trouble | undefined;
}

export interface NodeNetworkOptions extends PreparationOptions, NetworkSourceOptions {
  readonly kubeconfig: string;
  /** A problem that affects pods on every network. */
  readonly troubleBefore?: () => Trouble | undefined;
  /** The STATUS of the plugins; asked only if the network is otherwise ready. */
  readonly statusOf?: (list: Conflist) => Promise<Trouble | undefined>;
  /** The addresses of the network, and the problem with them. */
  readonly addressesOf?: (list: Conflist) => Promise<Addresses>;
}

/** Prepares the node with the cached nodes, which may be the only source while the API server is down. */
export const openNodeNetwork = async (options: NodeNetworkOptions): Promise<NodeNetwork> => {
  const {log, nodeName, stateDir, confDir, foreignNetwork: expected} = options;
  const definitions = await openDefinitions(join(stateDir, 'network-attachment-definitions.json'), log);
  const source = createNetworkSource(options);
  const preparation = await openPreparation(options);
  const nodes = createNodesFollower(options, preparation);

  /** Why the configuration is missing. Only for our own: other programs write theirs without knowing our nodes. */
  const whyNotWritten = () => nodes.trouble() ?? troubleOfNode(preparation.nodes(), nodeName);
  const missing = (): Trouble =>
    (expected === undefined ? whyNotWritten() : undefined) ??
    preparation.trouble() ?? {
      reason: 'CNIConfigMissing',
      message: `${confDir} has no network configuration${expected === undefined ? '' : ` of ${expected}`}`,
    };
  const status = async (): Promise<NodeStatus> => {
    const {list, trouble: ofList} = source.look(missing);
    const found = options.troubleBefore?.() ?? ofList ?? preparation.trouble();
    if (found || !list) return {list, trouble: found};
    const refused = await options.statusOf?.(list);
    return refused
      ? {list, trouble: refused}
      : {list, trouble: undefined, ...(await options.addressesOf?.(list))};
  };

  await preparation.prepare();
  return {
    follow: () => {
      nodes.follow();
      followDefinitions(options, definitions);
      void preparation.repair();
    },
    setup: async () => {
      nodes.wake();
      await preparation.prepare();
      const {trouble} = await status();
      if (trouble) throw new NodeNotReady(trouble.reason, trouble.message);
    },
    status,
    expectedName: expected ?? conflistName,
    network: () => {
      const list = source.current();
      if (list) return list;
      const {reason, message} = missing();
      throw new NodeNotReady(reason, message);
    },
    handlesSelections: () => {
      const list = source.current();
      return list !== undefined && handlesSelections(list);
    },
    definitionOf: definitions.find,
    refusedPodCidrs: preparation.refusedPodCidrs,
  };
};

interface NodesFollower {
  readonly follow: () => void;
  /** Ends the current backoff. */
  readonly wake: () => void;
  /** Why the nodes could not be listed at the last attempt. */
  readonly trouble: () => Trouble | undefined;
}

/** Prepares this node whenever the nodes of the cluster change. */
const createNodesFollower = (
  {kubeconfig, log, signal, nodeName}: NodeNetworkOptions,
  preparation: Preparation,
): NodesFollower => {
  let follower: ResourceFollower | undefined;
  let trouble: Trouble | undefined = {
    reason: 'NodesUnread',
    message: 'the nodes of the cluster have not been listed yet',
  };
  return {
    follow: () => {
      follower = followResource({
        what: 'the nodes',
        resource: nodesResource,
        readCluster: () => readKubeconfig(kubeconfig),
        log,
        signal,
        onItems: async (read) => {
          trouble = undefined;
          await preparation.replaceNodes(read);
        },
        onTrouble: (error) => {
          trouble = troubleOfReading(error);
        },
        isUrgent: () => troubleOfNode(preparation.nodes(), nodeName) !== undefined,
      });
    },
    wake: () => follower?.wake(),
    trouble: () => trouble,
  };
};

const followDefinitions = ({kubeconfig, log, signal}: NodeNetworkOptions, definitions: Definitions): void => {
  followResource({
    what: 'the NetworkAttachmentDefinitions',
    resource: definitionsResource,
    readCluster: () => readKubeconfig(kubeconfig),
    log,
    signal,
    onItems: definitions.replace,
    isAbsent: isAbsentResource,
  });
};
