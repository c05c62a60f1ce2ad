/** Reads the state of nodes at the API server. */

import {until} from '../wait.ts';
import {value} from './cluster.ts';

export const conditionOf = (kind: string, name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].status', kind, name);

export const nodeReadiness = (name: string, status: 'True' | 'False'): Promise<unknown> =>
  until(`node ${name} to have Ready=${status}`, async () => (await conditionOf('node', name)) === status);

export const nodeMessage = (name: string): Promise<string> =>
  value('.status.conditions[?(@.type=="Ready")].message', 'node', name);

/** Resolves once the kubelet has renewed the node's lease, which it does every 10 s. */
export const leaseRenewed = async (node: string): Promise<unknown> => {
  const renewTime = () => value('.spec.renewTime', '-n', 'kube-node-lease', 'lease', node);
  const last = await renewTime();
  return until(`the kubelet of ${node} to renew its lease`, async () => (await renewTime()) !== last);
};
