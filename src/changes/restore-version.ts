/** Puts back the version of a runtime that was proved last, after `runtime dev` was interrupted while another version served. */

import type {Cluster} from '../cluster/cluster.ts';
import {samplePodName} from '../cluster/names.ts';
import {findPod} from '../cluster/pod.ts';
import {replacePod} from '../cluster/pods.ts';
import {developedFile, userRuntimePaths} from '../cluster/user-runtime.ts';
import type {Command} from '../host/host.ts';
import type {DeployedVersion} from './change.ts';
import {answers, fileWith, ownRuntimeNote, removeUnused, setRuntime} from './set-runtime.ts';
import {systemctl} from './systemctl.ts';

/**
 * The beginning of scripts about versions. `$1` is the file of the version that kni.service runs. `$1.proved` is the version that was
 * proved last. One such script runs at a time: an earlier one goes on after kni-demo was killed. `has FILE SHA256` compares.
 */
export const versionScript = `exec 9>"$1.lock"; flock 9
has() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }
`;

/**
 * Prints a line unless another runtime is in use. Starts the proved version even if it is in place already: an interrupted restore may
 * have left another one running. Fails if the proved version is missing, or an interrupted restore has begun to replace it.
 */
const restore = ({program, proved}: DeployedVersion): Command => [
  'sh',
  [
    '-c',
    `[ -e "$1" ] || exit 0 # another runtime is in use
${versionScript}
[ -e "$3" ] || { echo "an interrupted restore has already removed it from kni.service" >&2; exit 1; }
if ! has "$1" "$2"; then
  has "$1.proved" "$2" || { echo "the proved version is missing" >&2; exit 1; }
  ln -f "$1.proved" "$1.new" && mv -f "$1.new" "$1" || exit 1
fi
systemctl restart kni && echo restored`,
    'sh',
    developedFile(program),
    proved,
    userRuntimePaths.dropIn,
  ],
];

/**
 * Also recreates the sample pod, which the other version may have attached. If the proved version does not answer, kni-demo's own
 * runtime replaces it, and the result says so. Idempotent: the next command repeats an interrupted restore.
 */
export const restoreVersion = async (
  cluster: Cluster,
  change: DeployedVersion,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const {node, source} = change;
  const host = cluster.node(node);
  try {
    const {stdout} = await host.run(restore(change), {signal, timeout: 60_000});
    if (stdout === '') return undefined;
    await answers(host, {since: 0, signal});
  } catch (error) {
    if (signal.aborted) throw error;
    await setRuntime(host, {next: fileWith(undefined), ready: answers}, signal);
    await removeUnused(host, signal);
    return ownRuntimeNote(node, `the proved version of ${source}`, error);
  }
  // An interrupted replacement by kni-demo's own runtime has stopped it.
  await systemctl(host, 'start', ['kubelet'], signal);
  const pod = await findPod(cluster.controlPlane, samplePodName, signal);
  if (pod?.node === node) await replacePod(cluster.controlPlane, {name: samplePodName, node});
  return undefined;
};
