/** What pod networks leave on a node. */

import {expect} from 'vitest';
import {tracesOn as allTracesOn} from '../../../src/cluster/traces.ts';
import {nodeHost} from '../../../src/host/node-host.ts';
import {until} from '../wait.ts';
import {host, kubectl} from './cluster.ts';

/** Facts of `src/cluster/traces.ts` as the chapters compare them. */
export interface Traces {
  readonly netns: readonly string[];
  /** Without their networks. */
  readonly addresses: readonly string[];
  readonly records: readonly string[];
  readonly veths: number;
  /** Number of iptables chains for host ports. */
  readonly hostPorts: number;
}

export const tracesOn = async (node: string): Promise<Traces> => {
  const {netns, addresses, records, links, rules} = await allTracesOn(nodeHost(host, node));
  return {
    netns,
    addresses: addresses.map((each) => each.replace(/^.*\//, '')).sort(),
    records,
    veths: links.length,
    hostPorts: rules.filter((line) => line.startsWith(':CNI-DN-')).length,
  };
};

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
