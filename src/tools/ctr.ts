/** ctr on a node: what containerd says of a pod's sandbox, past the kubelet. */

import type {Command} from '../host/host.ts';

const ctr = (...args: readonly string[]): Command => ['ctr', ['--namespace', 'k8s.io', ...args]];

/** Prints sandbox ids, one a line. */
export const sandboxesOfPod = (uid: string): Command =>
  ctr(
    'containers',
    'list',
    '--quiet',
    `labels."io.kubernetes.pod.uid"==${uid},labels."io.cri-containerd.kind"==sandbox`,
  );

export const sandboxInfo = (id: string): Command => ctr('containers', 'info', id);

interface SandboxInfo {
  readonly Spec?: {readonly linux?: {readonly namespaces?: readonly {type: string; path?: string}[]}};
}

/** The path of the network namespace that the sandbox was told to join; undefined where it got one of its own. */
export const netnsOf = (stdout: string): string | undefined =>
  (JSON.parse(stdout) as SandboxInfo).Spec?.linux?.namespaces?.find(({type}) => type === 'network')?.path;
