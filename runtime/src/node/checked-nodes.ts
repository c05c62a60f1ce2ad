/** Removes refused podCIDRs from the nodes, and logs each refusal once. */
import {networkInterfaces} from 'node:os';
import type {Log} from '../log.ts';
import {NodeNotReady} from './errors.ts';
import {cidrFrom} from './ip-address.ts';
import type {NodeFacts} from './node-facts.ts';
import {checkPodCidrs, type RefusedPodCidr} from './pod-cidrs.ts';

export interface NodeChecks {
  /** Throws NodeNotReady if the podCIDR of this node itself is refused. */
  readonly check: (nodes: readonly NodeFacts[]) => readonly NodeFacts[];
  readonly refused: () => readonly RefusedPodCidr[];
}

export interface NodeChecksOptions {
  readonly log: Log;
  readonly nodeName: string;
  readonly podSubnets: readonly string[];
}

export const createNodeChecks = ({log, nodeName, podSubnets}: NodeChecksOptions): NodeChecks => {
  let refused: readonly RefusedPodCidr[] = [];
  let logged = new Set<string>();

  const report = () => {
    const previous = logged;
    logged = new Set(refused.map((refusal) => JSON.stringify(refusal)));
    for (const refusal of refused) {
      if (previous.has(JSON.stringify(refusal))) continue;
      const {node, podCidr, kind, why} = refusal;
      log.warn('refused the podCIDR of a node', {node, podCidr, reason: kind, why});
    }
  };
  return {
    check: (all) => {
      const own = all.find(({name}) => name === nodeName);
      const checked = checkPodCidrs(all, {ownName: nodeName, podSubnets, links: linksOf(own)});
      refused = checked.refused;
      report();
      const ownRefusal = refused.find(({node}) => node === nodeName);
      if (ownRefusal)
        throw new NodeNotReady(
          'PodCIDRInvalid',
          `podCIDR ${ownRefusal.podCidr} of node ${nodeName} is refused: ${ownRefusal.why}`,
        );
      return checked.nodes;
    },
    refused: () => refused,
  };
};

/** The subnets of the interfaces with an InternalIP of the node. */
const linksOf = (own: NodeFacts | undefined): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({address}) => own?.internalIps.includes(address))
    .flatMap(({cidr}) => cidrFrom(cidr) ?? []);
