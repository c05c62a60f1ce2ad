/** Masquerades what pods send out of the cluster, and nothing else: between pods the addresses stay as they are. */
import type {Exec} from '../process/exec.ts';
import {familyOf} from './ip-address.ts';
import {ensureJump, type Jump, restoreChains} from './iptables.ts';

const chain = 'KNI-MASQ';
const jump: Jump = {
  table: 'nat',
  from: 'POSTROUTING',
  rule: ['-m', 'comment', '--comment', 'kni: pods to the world', '-j', chain],
  position: 'last',
};
const multicast = {4: '224.0.0.0/4', 6: 'ff00::/8'} as const;

/** Of one family. */
export interface Masquerade {
  /** Of this node. */
  readonly podCidr: string;
  /** Where pods are known by their own addresses. */
  readonly podCidrs: readonly string[];
}

/** For iptables-restore, which replaces the whole chain in one step. */
export const masqueradeRules = ({podCidr, podCidrs}: Masquerade): string =>
  [
    '*nat',
    `:${chain} - [0:0]`,
    `-A ${chain} ! -s ${podCidr} -j RETURN`,
    // A service may lead back to the bridge it was called from. The answer would then take the short way, past the
    // translation of its address, unless it is sent here.
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
