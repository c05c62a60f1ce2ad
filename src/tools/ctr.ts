/** ctr on a node: what containerd says of a pod's sandbox, past the kubelet. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

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

const info = z.object({
  Spec: z.object({
    linux: z.object({namespaces: z.array(z.object({type: z.string(), path: z.string().optional()}))}),
  }),
});

/** The path of the network namespace that the sandbox was told to join; undefined where it got one of its own. */
export const netnsOf = (stdout: string): string | undefined =>
  readJson(info, stdout, 'what ctr says of a container').Spec.linux.namespaces.find(
    ({type}) => type === 'network',
  )?.path;
