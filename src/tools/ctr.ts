/** ctr on a node: asks containerd about a pod's sandbox, independently of the kubelet. */

import {z} from 'zod';
import type {Command} from '../host/host.ts';
import {readJson} from '../json.ts';

const ctr = (...args: readonly string[]): Command => ['ctr', ['--namespace', 'k8s.io', ...args]];

/** Prints one sandbox id per line. */
export const sandboxesOfPod = (uid: string): Command =>
  ctr(
    'containers',
    'list',
    '--quiet',
    `labels."io.kubernetes.pod.uid"==${uid},labels."io.cri-containerd.kind"==sandbox`,
  );

/** Imports all images of a tarball into containerd. */
export const importImages = (tarball: string): Command => ctr('images', 'import', tarball);

/** The names of the images that `importImages` has imported: `unpacking docker.io/library/a:1 (sha256:…)...done`. */
export const importedImages = (stdout: string): readonly string[] =>
  [...stdout.matchAll(/^unpacking (\S+)/gm)].map(([, name = '']) => name);

export const sandboxInfo = (id: string): Command => ctr('containers', 'info', id);

const info = z.object({
  Spec: z.object({
    linux: z.object({namespaces: z.array(z.object({type: z.string(), path: z.string().optional()}))}),
  }),
});

/** The path of the network namespace that the sandbox joined; undefined if containerd created a new one. */
export const netnsOf = (stdout: string): string | undefined =>
  readJson(info, stdout, 'the output of ctr containers info').Spec.linux.namespaces.find(
    ({type}) => type === 'network',
  )?.path;
