/** kind: builds its arguments and its configuration. */

import {stringify} from 'yaml';
import type {Command} from '../host/host.ts';
import type {Stack} from '../stacks/schema.ts';

export const version: Command = ['kind', ['version']];

/** A shell command for the user; see https://kind.sigs.k8s.io/docs/user/quick-start/#installation. */
export const installKind = (release: string, architecture: string): string =>
  `curl -fLo /usr/local/bin/kind https://kind.sigs.k8s.io/dl/v${release}/kind-linux-${architecture} && chmod +x /usr/local/bin/kind`;

export interface ClusterSpec {
  readonly name: string;
  readonly workers: number;
  readonly nodeImage: string;
  /** A directory of this machine that every node mounts. docker lists the mount, which identifies the cluster's owner. */
  readonly owner: string;
  readonly network: Stack['cluster'];
}

/** kind.x-k8s.io/v1alpha4. Disables kind's CNI plugin, because pods get their networks over KNI. */
export const kindConfig = ({
  name,
  workers,
  nodeImage,
  owner,
  network: {podSubnet, serviceSubnet, kubelet},
}: ClusterSpec): string => {
  const node = {
    image: nodeImage,
    extraMounts: [{hostPath: owner, containerPath: '/etc/kni-demo/owner', readOnly: true}],
  };
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    name,
    networking: {disableDefaultCNI: true, podSubnet, serviceSubnet},
    ...(kubelet && {kubeadmConfigPatches: [stringify({kind: 'KubeletConfiguration', ...kubelet})]}),
    nodes: [
      {role: 'control-plane', ...node},
      ...Array.from({length: workers}, () => ({role: 'worker', ...node})),
    ],
  });
};

/** Reads the configuration from standard input. Does not wait for readiness, since kind would only warn about a timeout. */
export const createCluster = (name: string, kubeconfig: string): Command => [
  'kind',
  ['create', 'cluster', '--name', name, '--config', '-', '--kubeconfig', kubeconfig, '--wait', '0s'],
];

export const deleteCluster = (name: string, kubeconfig: string): Command => [
  'kind',
  ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig],
];
