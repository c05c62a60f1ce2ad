/** Prepares the node itself for pods: forwarding, masquerading, routes, and the network configuration. */
import {mkdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Exec} from '../cni/exec.ts';
import {writeDurably} from '../durable-file.ts';
import {type Log, textOf} from '../log.ts';
import {conflistFile, conflistOfNode} from './conflist-of-node.ts';
import {enableForwarding} from './forwarding.ts';
import {applyMasquerade} from './masquerade.ts';
import {mtuOf} from './mtu.ts';
import type {NodeFacts} from './node-facts.ts';
import {applyRoutes, routesOf} from './routes.ts';

export interface PrepareOptions {
  readonly exec: Exec;
  readonly log: Log;
  readonly nodeName: string;
  readonly confDir: string;
  readonly ipamDir: string;
  /** The cluster's pod subnet; without it, the podCIDRs of the nodes stand for it. */
  readonly podSubnet: string | undefined;
}

/** Does nothing to what is right already. A node without podCIDR is left as it is. */
export const prepareNode = async (options: PrepareOptions, nodes: readonly NodeFacts[]): Promise<void> => {
  const {exec, log, nodeName, podSubnet} = options;
  const own = nodes.find(({name}) => name === nodeName);
  if (!own?.podCidr) return;
  await enableForwarding();
  const podCidrs = podSubnet ? [podSubnet] : nodes.flatMap(({podCidr}) => (podCidr ? [podCidr] : []));
  await applyMasquerade(exec, {podCidr: own.podCidr, podCidrs});
  try {
    await applyRoutes(exec, routesOf(nodes, nodeName));
  } catch (error) {
    // A node that cannot be routed to is no reason to turn pods away here.
    log.warn('not all routes to other nodes could be set', {error: textOf(error)});
  }
  await writeConflist(options, own); // last: once it is there, pods are attached
};

const writeConflist = async ({confDir, ipamDir, log}: PrepareOptions, own: NodeFacts): Promise<void> => {
  const path = join(confDir, conflistFile);
  const wanted = conflistOfNode({podCidr: own.podCidr, ipamDir, mtu: await mtuOf(own.internalIp)});
  const present = await readFile(path, 'utf8').catch(() => '');
  if (present === wanted) return;
  await mkdir(confDir, {recursive: true, mode: 0o755});
  await writeDurably(path, wanted, 0o644);
  log.info('wrote the network configuration', {path, podCidr: own.podCidr});
};
