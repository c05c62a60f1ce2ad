/** The node itself: its subnets for pods, and its connection to the pods of other nodes. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {makeDirectory} from '../lib/make-directory.ts';
import {errorText} from '../log.ts';
import {createNodeChecks} from '../node/checked-nodes.ts';
import {followResource} from '../node/follow-resource.ts';
import {hasIPv6} from '../node/forwarding.ts';
import {familyOf} from '../node/ip-address.ts';
import {KubeconfigMissing, readKubeconfig} from '../node/kubeconfig.ts';
import {readNodeCache, writeNodeCache} from '../node/node-cache.ts';
import {type NodeFacts, nodesResource} from '../node/node-facts.ts';
import {connectNode} from '../node/prepare-node.ts';
import {troubleOfNode, troubleOfPreparing, troubleOfReading} from '../node/trouble.ts';
import {exec} from './exec.ts';
import {log} from './log.ts';
import type {Trouble} from './messages.ts';
import type {Settings} from './settings.ts';
import {serveUntil} from './waiting.ts';

export interface NodeNetwork {
  /** The subnets for the pods of this node, one per IP family: `10.244.1.0/24`. */
  readonly podCidrs: readonly string[];
  /**
   * Enables forwarding, masquerades what pods send to the world, and sets the routes to the pods of other nodes, which are
   * their nodes' addresses. Idempotent. Happens by itself when a node joins or leaves, and every 30 s. Rejects if it failed.
   */
  setup(): Promise<void>;
  /** Why the last `setup` failed; undefined after a success. For QueryNodeNetworks. */
  trouble(): Trouble | undefined;
  /** The largest packet in bytes that reaches other nodes; undefined if unknown. */
  readonly mtu: number | undefined;
}

/** Other programs may flush rules and routes. */
const repairMs = 30_000;
/** How long a node that knows its podCIDRs waits for the list of the other nodes. */
const firstListMs = 3_000;
/** Usually the podCIDR is known before anybody has to be told that it is not. */
const silentMs = 1_000;

const cacheIn = ({stateDir}: Settings): string => join(stateDir, 'nodes.json');

/**
 * Resolves when the node has a podCIDR: at once with `settings.podCidrs` or after a restart, which finds the nodes in the state
 * directory, otherwise when the API server has assigned one. On a new node that may take minutes. Meanwhile `settings.socket` is
 * served: QueryNodeNetworks answers a network that is not ready with the reason, and all other calls fail with `UNAVAILABLE`.
 */
export const openNode = async (settings: Settings): Promise<NodeNetwork> => {
  const connection = createConnection(settings);
  makeDirectory(settings.stateDir, 0o700);
  const cached = await readNodeCache(cacheIn(settings));
  const listed = followNodes(settings, connection);
  const isGiven = settings.podCidrs.length > 0;
  if (cached.length > 0) await connection.replace(cached);
  // With the other nodes known, no route of a former process is removed for a moment.
  else if (isGiven && existsSync(settings.kubeconfig)) await Promise.race([listed.ready, delay(firstListMs)]);
  if (isGiven && connection.podCidrs().length === 0) await connection.replace([]);
  if (connection.podCidrs().length === 0) await Promise.race([listed.ready, delay(silentMs)]);
  if (connection.podCidrs().length === 0)
    await serveUntil(listed.ready, {socket: settings.socket, trouble: listed.trouble});
  void repair(connection);
  return {
    podCidrs: connection.podCidrs(),
    setup: () => connection.setup(),
    trouble: () => connection.trouble(),
    get mtu() {
      return connection.mtu();
    },
  };
};

interface Connection extends Pick<NodeNetwork, 'setup' | 'trouble'> {
  /** Never rejects: `trouble` has the reason of a failure. */
  replace(nodes: readonly NodeFacts[]): Promise<void>;
  podCidrs(): readonly string[];
  mtu(): number | undefined;
}

const createConnection = ({nodeName, podCidrs: given}: Settings): Connection => {
  const checks = createNodeChecks({log, nodeName, podSubnets: []});
  let nodes: readonly NodeFacts[] = [];
  let trouble: Trouble | undefined;
  let mtu: number | undefined;
  let work: Promise<void> = Promise.resolve();

  /** For this node, the podCIDRs of the settings win over those of the API server. */
  const withOwn = (read: readonly NodeFacts[]): readonly NodeFacts[] => {
    const own = read.find(({name}) => name === nodeName) ?? {name: nodeName, internalIps: []};
    return [...read.filter(({name}) => name !== nodeName), {...own, podCidrs: given}];
  };
  const connect = async (): Promise<void> => {
    const usable = (await hasIPv6()) ? checks.check(nodes) : checks.check(nodes).map(withoutIPv6);
    const own = usable.find(({name}) => name === nodeName);
    if (!own) return;
    const podCidrs = usable.flatMap((each) => each.podCidrs);
    mtu = await connectNode({exec, log, backend: 'host-gw'}, {own, nodes: usable, podCidrs});
  };
  const setup = async (): Promise<void> => {
    const before = trouble;
    const connecting = work.then(connect);
    work = connecting.catch(() => undefined);
    try {
      await connecting;
      trouble = undefined;
    } catch (error) {
      const {reason, message} = troubleOfPreparing(error);
      trouble = {reason, message};
      if (before?.message !== trouble.message) log.error('cannot set up the node', {error: errorText(error)});
      throw error;
    }
  };
  return {
    setup,
    trouble: () => trouble,
    mtu: () => mtu,
    podCidrs: () => nodes.find(({name}) => name === nodeName)?.podCidrs ?? [],
    replace: async (read) => {
      nodes = given.length === 0 ? read : withOwn(read);
      await setup().catch(() => undefined);
    },
  };
};

interface FollowedNodes {
  /** Resolves when the list of nodes has this node with a podCIDR. */
  readonly ready: Promise<void>;
  /** Why it has not. */
  readonly trouble: () => Trouble;
}

const followNodes = (settings: Settings, connection: Connection): FollowedNodes => {
  const {nodeName, kubeconfig} = settings;
  let trouble: Trouble = {
    reason: 'NodesUnread',
    message: 'the nodes of the cluster have not been listed yet',
  };
  const ready = new Promise<void>((resolve) => {
    followResource({
      what: 'the nodes',
      resource: nodesResource,
      readCluster: () => readKubeconfig(kubeconfig),
      log,
      signal: new AbortController().signal,
      onItems: async (nodes) => {
        await connection.replace(nodes);
        await writeNodeCache(cacheIn(settings), nodes).catch((error: unknown) => {
          log.warn('cannot save the list of nodes', {error: errorText(error)});
        });
        if (connection.podCidrs().length > 0) return resolve();
        const {reason, message} = troubleOfNode(nodes, nodeName) ?? trouble;
        if (message !== trouble.message) log.info('waiting for the podCIDR of this node', {reason, message});
        trouble = {reason, message};
      },
      onTrouble: (error) => {
        const {reason, message} = troubleOfReading(error);
        trouble = {reason, message};
      },
      isUrgent: () => connection.podCidrs().length === 0,
      isAbsent: (error) => error instanceof KubeconfigMissing && settings.podCidrs.length > 0,
    });
  });
  return {ready, trouble: () => trouble};
};

const repair = async (connection: Connection): Promise<never> => {
  for (;;) {
    await delay(repairMs, undefined, {ref: false});
    await connection.setup().catch(() => undefined);
  }
};

const withoutIPv6 = (node: NodeFacts): NodeFacts => ({
  ...node,
  podCidrs: node.podCidrs.filter((cidr) => familyOf(cidr) === 4),
});
