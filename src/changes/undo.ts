/** Undoes one temporary change. Each undo is idempotent, also for a change that was recorded but not made. */

import type {Cluster} from '../cluster/cluster.ts';
import type {Command, Host} from '../host/host.ts';
import {waitUntil} from '../host/wait-until.ts';
import {kubectl} from '../tools/kubectl.ts';
import type {Change, ClusterObject} from './change.ts';
import {putFiles} from './node-files.ts';
import {restoreVersion} from './restore-version.ts';
import {switchRuntimeBack} from './set-runtime.ts';
import {switchBack} from './switch-back.ts';
import {systemctl} from './systemctl.ts';

/** Resolves with a note for the user if the node runs another network runtime than before the change. */
export const undoChange = async (
  cluster: Cluster,
  change: Change,
  signal: AbortSignal,
): Promise<string | undefined> => {
  switch (change.kind) {
    case 'service-stopped': {
      const node = cluster.node(change.node);
      await systemctl(node, 'start', [change.unit], signal);
      // systemd forgets a timer that has elapsed or was stopped.
      if (change.timer !== undefined)
        await node.run(['sh', ['-c', 'systemctl stop "$1" 2>/dev/null || true', 'sh', change.timer]], {
          signal,
        });
      return undefined;
    }
    case 'files-changed': {
      const node = cluster.node(change.node);
      await putFiles(node, change.files, signal);
      await systemctl(node, 'restart', change.units, signal);
      return undefined;
    }
    case 'node-switched':
      await switchBack(cluster.node(change.node), change, signal);
      return undefined;
    case 'runtime-switched':
      return switchRuntimeBack(cluster.node(change.node), change, signal);
    case 'version-deployed':
      return restoreVersion(cluster, change, signal);
    case 'objects-created':
      await deleteObjects(cluster.controlPlane, change.objects, signal);
      return undefined;
    case 'network-created':
      await cluster.node(change.node).run(removeNetwork(change), {signal, timeout: 20_000});
      return undefined;
  }
};

/** Keeps the directory while a lease is in it: a cleanup may still need it. */
const removeNetwork = ({bridge, leases}: Extract<Change, {kind: 'network-created'}>): Command => [
  'sh',
  [
    '-ec',
    `if [ -e "/sys/class/net/$1" ]; then ip link delete "$1"; fi
     if [ -e "$2" ] && [ -z "$(find "$2" -type f -name '*.*.*.*')" ]; then rm -r "$2"; fi`,
    'sh',
    bridge,
    leases,
  ],
];

const onObject = (
  verb: string,
  {resource, namespace, name}: ClusterObject,
  ...flags: readonly string[]
): Command =>
  kubectl(
    verb,
    resource,
    ...(namespace === undefined ? [] : ['-n', namespace]),
    name,
    '--ignore-not-found',
    ...flags,
  );

/** The containers of pods get one second to end. */
const deletionOf = (object: ClusterObject): Command =>
  onObject('delete', object, '--wait=false', '--grace-period=1');

const found = 'found ';
/** Prints nothing if the object does not exist, and otherwise the time of its deletion after `found`. */
const lookFor = (object: ClusterObject): Command =>
  onObject('get', object, '-o', `jsonpath=${found}{.metadata.deletionTimestamp}`);

/** Resolves when the objects are gone. */
const deleteObjects = async (
  controlPlane: Host,
  objects: readonly ClusterObject[],
  signal: AbortSignal,
): Promise<void> => {
  for (const object of objects) await controlPlane.run(deletionOf(object), {signal});
  for (const object of objects)
    await waitUntil(
      // A kubelet of 1.20 can take a minute to remove a pod that is deleted while it starts (docs/troubleshooting.md).
      {what: `${object.resource} ${object.name} to be gone`, every: 250, atMost: 110_000, signal},
      async (polling) => {
        const {stdout} = await controlPlane.run(lookFor(object), {signal: polling});
        // After kill -9 the command that was to create it may have gone on in the node.
        if (stdout === found) await controlPlane.run(deletionOf(object), {signal: polling});
        return stdout === '' || undefined;
      },
    );
};
