/** Prepares the node for pods: forwarding, masquerading, routing to other nodes, network configuration. */
import {mkdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import {writeDurably} from '../lib/durable-file.ts';
import {errorCodeOf} from '../lib/error-code.ts';
import {errorText, type Log} from '../log.ts';
import type {Exec} from '../process/exec.ts';
import {type BackendName, backends} from './backends.ts';
import {prepareBridge} from './bridge.ts';
import type {Cluster} from './cluster.ts';
import {conflistFile, conflistOfNode} from './conflist-of-node.ts';
import {NodeNotReady} from './errors.ts';
import {enableForwarding, hasIPv6} from './forwarding.ts';
import {familyOf} from './ip-address.ts';
import {removeOwnRouting} from './leave-to-others.ts';
import {applyMasquerade} from './masquerade.ts';
import type {NodeFacts} from './node-facts.ts';

export interface PrepareOptions {
  readonly exec: Exec;
  readonly log: Log;
  readonly nodeName: string;
  readonly confDir: string;
  readonly ipamDir: string;
  /** The cluster's pod subnets; for a family without one, the podCIDRs of the nodes are used. */
  readonly podSubnets: readonly string[];
  readonly backend: BackendName;
  /** The network that others configure; undefined if the runtime writes the configuration. */
  readonly foreignNetwork: string | undefined;
}

/** Idempotent. With a routing backend it does nothing for a node without podCIDR. */
export const prepareNode = async (options: PrepareOptions, known: readonly NodeFacts[]): Promise<void> => {
  const {exec, log, nodeName, podSubnets, foreignNetwork} = options;
  // First, so that no more pods are attached to it.
  if (foreignNetwork !== undefined) await removeConflist(options);
  if (options.backend === 'none') return await leaveToOthers(options);
  if (!known.some(({name, podCidrs}) => name === nodeName && podCidrs.length > 0)) return;
  const nodes = (await hasIPv6()) ? known : known.map(withoutIPv6);
  const own = nodes.find(({name, podCidrs}) => name === nodeName && podCidrs.length > 0);
  if (!own)
    throw new NodeNotReady(
      'IPv6Unavailable',
      'the kernel has no IPv6, and the node has only an IPv6 podCIDR',
    );

  const mtu = await connectNode(
    {exec, log, backend: options.backend},
    {
      own,
      nodes,
      podCidrs: podCidrsOf(nodes, podSubnets),
    },
  );
  // Last, because the runtime attaches pods as soon as the configuration exists.
  if (foreignNetwork === undefined) await writeConflist(options, own, mtu);
};

export interface ConnectOptions extends Pick<PrepareOptions, 'exec' | 'log'> {
  readonly backend: Exclude<BackendName, 'none'>;
}

/** Forwarding, masquerading, and routes to the pods of the other nodes. Idempotent. Returns the MTU for pods. */
export const connectNode = async (
  {exec, log, backend: name}: ConnectOptions,
  cluster: Cluster,
): Promise<number | undefined> => {
  const {own, podCidrs} = cluster;
  for (const podCidr of own.podCidrs) {
    const family = familyOf(podCidr);
    await enableForwarding(family);
    if (family === 6) await prepareBridge(exec);
    await applyMasquerade(exec, {podCidr, podCidrs: podCidrs.filter((cidr) => familyOf(cidr) === family)});
  }
  const backend = backends[name];
  const mtu = await backend.prepare(exec, cluster);
  try {
    await backend.connect(exec, cluster);
  } catch (error) {
    // This node still accepts pods if another node is unreachable.
    log.warn('cannot set up the routes to all other nodes', {error: errorText(error)});
  }
  return mtu;
};

/** Forwarding stays on: every pod network needs it. */
const leaveToOthers = async ({exec, podSubnets}: PrepareOptions): Promise<void> => {
  const families = new Set(podSubnets.map(familyOf));
  for (const family of [4, 6] as const)
    if (families.has(family) && (family === 4 || (await hasIPv6()))) await enableForwarding(family);
  await removeOwnRouting(exec);
};

/** The pod subnet of each family, or the podCIDRs of all nodes. */
const podCidrsOf = (nodes: readonly NodeFacts[], podSubnets: readonly string[]): string[] => {
  const families = new Set(podSubnets.map(familyOf));
  const others = nodes.flatMap(({podCidrs}) => podCidrs.filter((cidr) => !families.has(familyOf(cidr))));
  return [...podSubnets, ...others];
};

const withoutIPv6 = (node: NodeFacts): NodeFacts => ({
  ...node,
  podCidrs: node.podCidrs.filter((cidr) => familyOf(cidr) === 4),
});

const writeConflist = async (
  {confDir, ipamDir, log}: PrepareOptions,
  {podCidrs}: NodeFacts,
  mtu: number | undefined,
): Promise<void> => {
  const path = join(confDir, conflistFile);
  const wanted = conflistOfNode({podCidrs, ipamDir, mtu});
  const present = await readFile(path, 'utf8').catch(() => '');
  if (present === wanted) return;
  await mkdir(confDir, {recursive: true, mode: 0o755});
  await writeDurably(path, wanted, 0o644);
  log.info('wrote the network configuration', {path, podCidrs});
};

const removeConflist = async ({confDir, log}: PrepareOptions): Promise<void> => {
  const path = join(confDir, conflistFile);
  try {
    await rm(path);
    log.info('removed the network configuration', {path});
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
};
