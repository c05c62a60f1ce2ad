/** What pod networks leave on a node. */

import {expect} from 'vitest';
import {until} from '../wait.ts';
import {kubectl, shell} from './cluster.ts';

/** What pod networks consist of on a node: after a pod's deletion none of its traces may remain. */
export interface Traces {
  readonly netns: readonly string[];
  readonly addresses: readonly string[];
  readonly records: readonly string[];
  readonly veths: number;
  /** Number of iptables chains for host ports. */
  readonly hostPorts: number;
}

export const tracesOn = async (node: string): Promise<Traces> => ({
  netns: await linesOn(node, 'ls /run/netns'),
  addresses: await linesOn(node, 'cd /var/lib/kni/ipam && find . -type f -name "*.*.*.*" -printf "%f\\n"'),
  records: await recordsOn(node),
  // The node is a container, so its own eth0 is a veth as well.
  veths: (await linesOn(node, "ip -o link show type veth | grep -v ': eth0@' || true")).length,
  hostPorts: (await linesOn(node, 'iptables-save -t nat | grep "^:CNI-DN-" || true')).length,
});

/** Keys of the runtime's records. */
const recordsOn = (node: string): Promise<readonly string[]> =>
  linesOn(node, "kni-runtime pods | jq --raw-output '.networks[].correlation'");

const linesOn = async (node: string, script: string): Promise<readonly string[]> =>
  (await shell(node, script)).split('\n').filter(Boolean).sort();

/** Resolves once the node has exactly the expected traces of pod networks. */
export const tracesLike = (node: string, expected: Traces): Promise<true> =>
  until(`${node} to have the pod networks that it had before`, async () => {
    expect(await tracesOn(node)).toEqual(expected);
    return true;
  });

/**
 * Resolves once the node has one network for each pod that the API server has on it, and no others. `hostPorts` is the
 * number of pods with a host port.
 */
export const networksOfPods = (node: string, {hostPorts = 0} = {}): Promise<true> =>
  until(`${node} to have one network for each of its pods`, async () => {
    const expected = await addressesOn(node);
    const {addresses, netns, records, ...counts} = await tracesOn(node);
    const found = {addresses, netns: netns.length, records: records.length, ...counts};
    const count = expected.length;
    expect(found).toEqual({addresses: expected, netns: count, records: count, veths: count, hostPorts});
    return true;
  });

/** Addresses that the API server has for the node's pods, without those on the host network. */
const addressesOn = async (node: string): Promise<readonly string[]> => {
  const line = '{.spec.hostNetwork} {.status.podIP}{"\\n"}';
  const printed = await kubectl(
    'get',
    'pods',
    '--all-namespaces',
    `--field-selector=spec.nodeName=${node}`,
    '-o',
    `jsonpath={range .items[*]}${line}{end}`,
  );
  const pods = printed.split('\n').map((pod) => pod.split(' '));
  return pods.flatMap(([hostNetwork, ip]) => (ip && hostNetwork !== 'true' ? [ip] : [])).sort();
};
