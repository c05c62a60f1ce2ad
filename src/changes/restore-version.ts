/** Puts back the version of a runtime that was proved last, after `runtime dev` was interrupted while another version served. */

import type {Cluster} from '../cluster/cluster.ts';
import {samplePodName} from '../cluster/names.ts';
import {findPod} from '../cluster/pod.ts';
import {replacePod} from '../cluster/pods.ts';
import {developedFile} from '../cluster/user-runtime.ts';
import type {Command} from '../host/host.ts';
import type {DeployedVersion} from './change.ts';
import {answers, fileWith, removeUnused, setRuntime} from './set-runtime.ts';

/**
 * The beginning of scripts about versions. `$1` is the file of the version that kni.service runs. `$1.proved` is the version that was
 * proved last. One such script runs at a time: an earlier one goes on after kni-demo was killed. `has FILE SHA256` compares.
 */
export const versionScript = `exec 9>"$1.lock"; flock 9
has() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }
`;

/** Prints a line if there was another version. Fails if the proved version is missing. */
const restore = ({program, proved}: DeployedVersion): Command => [
  'sh',
  [
    '-c',
    `[ -e "$1" ] || exit 0 # another runtime is in use
${versionScript}
has "$1" "$2" && exit 0
has "$1.proved" "$2" || { echo "the proved version is missing" >&2; exit 1; }
ln -f "$1.proved" "$1.new" && mv -f "$1.new" "$1" && systemctl restart kni && echo restored`,
    'sh',
    developedFile(program),
    proved,
  ],
];

/** If the proved version does not answer, kni-demo's own runtime replaces it. Recreates the sample pod if the other version attached it. */
export const restoreVersion = async (
  cluster: Cluster,
  change: DeployedVersion,
  signal: AbortSignal,
): Promise<void> => {
  const {node} = change;
  const host = cluster.node(node);
  let isRestored = true;
  try {
    isRestored = (await host.run(restore(change), {signal, timeout: 60_000})).stdout !== '';
    await answers(host, {since: 0, signal});
  } catch (error) {
    if (signal.aborted) throw error;
    await setRuntime(host, {next: fileWith(undefined), ready: answers}, signal);
    await removeUnused(host, signal);
  }
  if (!isRestored) return;
  const pod = await findPod(cluster.controlPlane, samplePodName, signal);
  if (pod?.node === node) await replacePod(cluster.controlPlane, {name: samplePodName, node});
};
