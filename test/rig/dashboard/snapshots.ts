/** Snapshots of a cluster with two nodes. */

import type {NodeSnapshot, PodSnapshot} from '../../../src/dashboard/feed.ts';
import {type MadePod, type NodeName, netnsOf, nodes, sandboxOf, type Timed, timed} from './made-pod.ts';

export interface SnapshotOptions {
  /** The node's network runtime is stopped. */
  readonly silent?: NodeName;
  readonly isTunnelled?: boolean;
}

export const silence =
  'container runtime network not ready: KNI: cannot reach /run/kni/kni.sock: connection refused';

/** `at` is in microseconds since the epoch. */
export const snapshotOf = (at: number, pods: readonly MadePod[], options: SnapshotOptions = {}): Timed =>
  timed(at, {
    type: 'snapshot',
    nodes: nodes.map((name, index) => nodeSnapshot(name, index, {at, pods, ...options})),
    pods: [...systemPods, ...pods.map(podSnapshot)],
  });

interface Parts extends SnapshotOptions {
  readonly at: number;
  readonly pods: readonly MadePod[];
}

const nodeSnapshot = (
  name: NodeName,
  index: number,
  {at, pods, silent, isTunnelled}: Parts,
): NodeSnapshot => {
  const own = pods.filter((pod) => pod.node === name);
  const isSilent = silent === name;
  const other = 1 - index;
  const via = isTunnelled ? `10.244.${other}.0` : `172.18.0.${other + 2}`;
  return {
    name,
    role: index === 0 ? 'control-plane' : 'worker',
    running: true,
    ready: !isSilent,
    reason: isSilent ? silence : undefined,
    since: new Date(at / 1000 - (isSilent ? 3_000 : 1_700_000)).toISOString(),
    kubelet: 'v1.20.2',
    containerRuntime: 'containerd://1.6.20',
    runtime: '1f3a9c02',
    addresses: [`172.18.0.${index + 2}`],
    podCIDRs: [`10.244.${index}.0/24`],
    networks: isSilent ? [] : [{name: 'kni', ready: true, capacity: 253, used: own.length}],
    silent: isSilent ? 'it does not answer on /run/kni/kni.sock' : undefined,
    pendingCleanups: 0,
    links: [
      {kind: 'bridge', name: 'kni0', up: own.length > 0, addresses: [`10.244.${index}.1/24`]},
      ...own.map((made) => ({
        kind: 'veth' as const,
        name: `veth${made.uid.slice(-8)}`,
        up: true,
        addresses: [],
        bridge: 'kni0',
        pod: made.pod,
        netns: netnsOf(made),
      })),
    ],
    routes: [{to: `10.244.${other}.0/24`, via, dev: isTunnelled ? 'kni.vxlan' : 'eth0', node: nodes[other]}],
    tunnels: isTunnelled ? [{name: 'kni.vxlan', vni: 1, local: `172.18.0.${index + 2}`}] : [],
  };
};

const podSnapshot = (made: MadePod): PodSnapshot => {
  const {pod, uid, node, address, hostPort} = made;
  const [namespace = '', name = ''] = pod.split('/');
  const mac = `2e:0d:2b:9b:00:${address.split('.').at(-1)?.padStart(2, '0')}`;
  return {
    namespace,
    name,
    uid,
    node,
    phase: 'Running',
    ready: true,
    deleting: false,
    hostNetwork: false,
    ips: [address],
    interfaces: [{name: 'eth0', network: 'kni', mac, addresses: [`${address}/24`]}],
    hostPorts: hostPort === undefined ? [] : [{protocol: 'TCP', hostPort, containerPort: 80}],
    sandbox: sandboxOf(made),
    state: 'attached',
  };
};

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'];

const systemPods: readonly PodSnapshot[] = nodes.flatMap((node, index) =>
  (index === 0 ? controlPlane : ['kube-proxy']).map((name) => ({
    namespace: 'kube-system',
    name: `${name}-${node}`,
    uid: `${name}-${index}`,
    node,
    phase: 'Running',
    ready: true,
    deleting: false,
    hostNetwork: true,
    ips: [`172.18.0.${index + 2}`],
    interfaces: [],
    hostPorts: [],
  })),
);
