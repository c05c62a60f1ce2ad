/** Masquerades what pods send out of the cluster, and nothing else: between pods the addresses stay as they are. */
import type {Exec} from '../process/exec.ts';
import {runTool, ToolFailed} from '../process/tool.ts';
import {familyOf} from './ip-address.ts';

const chain = 'KNI-MASQ';
const lockWait = ['--wait', '5'];
const jump = ['POSTROUTING', '-m', 'comment', '--comment', 'kni: pods to the world', '-j', chain];
const families = {
  4: {tool: 'iptables', multicast: '224.0.0.0/4'},
  6: {tool: 'ip6tables', multicast: 'ff00::/8'},
} as const;

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
    `-A ${chain} -d ${families[familyOf(podCidr)].multicast} -j RETURN`,
    `-A ${chain} -j MASQUERADE --random-fully`,
    'COMMIT',
    '',
  ].join('\n');

export const applyMasquerade = async (exec: Exec, masquerade: Masquerade): Promise<void> => {
  const {tool} = families[familyOf(masquerade.podCidr)];
  await runTool(exec, `${tool}-restore`, [...lockWait, '--noflush'], masqueradeRules(masquerade));
  try {
    await runTool(exec, tool, [...lockWait, '-t', 'nat', '-C', ...jump]);
  } catch (error) {
    // Only 1 says that the rule is not there; 4, for one, says that others hold the lock.
    if (!(error instanceof ToolFailed && error.exitStatus === 1)) throw error;
    await runTool(exec, tool, [...lockWait, '-t', 'nat', '-A', ...jump]);
  }
};
