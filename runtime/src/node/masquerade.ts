/** Masquerades traffic from pods to destinations outside of the cluster; pods see each other's real addresses. */
import type {Exec} from '../process/exec.ts';
import {familyOf} from './ip-address.ts';
import {ensureJump, type Jump, removeChains, restoreChains} from './iptables.ts';

const chain = 'KNI-MASQ';
const jump: Jump = {
  table: 'nat',
  from: 'POSTROUTING',
  rule: ['-m', 'comment', '--comment', 'kni: pods to the world', '-j', chain],
  position: 'last',
};
const multicast = {4: '224.0.0.0/4', 6: 'ff00::/8'} as const;

/** The input for one IP family. */
export interface Masquerade {
  /** The podCIDR of this node. */
  readonly podCidr: string;
  /** Traffic to these subnets is not masqueraded. */
  readonly podCidrs: readonly string[];
}

/** Input for iptables-restore, which replaces the whole chain in one step. */
export const masqueradeRules = ({podCidr, podCidrs}: Masquerade): string =>
  [
    '*nat',
    `:${chain} - [0:0]`,
    `-A ${chain} ! -s ${podCidr} -j RETURN`,
    // A service may choose a pod on the same bridge. Without masquerading, its answer would go directly over the bridge,
    // past conntrack, and keep the wrong source address.
    `-A ${chain} -d ${podCidr} -m conntrack --ctstate DNAT -j MASQUERADE`,
    ...podCidrs.map((cidr) => `-A ${chain} -d ${cidr} -j RETURN`),
    `-A ${chain} -d ${multicast[familyOf(podCidr)]} -j RETURN`,
    `-A ${chain} -j MASQUERADE --random-fully`,
    'COMMIT',
    '',
  ].join('\n');

export const applyMasquerade = async (exec: Exec, masquerade: Masquerade): Promise<void> => {
  const family = familyOf(masquerade.podCidr);
  await restoreChains(exec, family, masqueradeRules(masquerade));
  await ensureJump(exec, family, jump);
};

export const removeMasquerade = (exec: Exec): Promise<void> =>
  removeChains(exec, {table: jump.table, chains: [chain], jumps: [jump]});
