/** The temporary changes that commands make. Each is undone when `withChanges` ends, or earlier with `changes.undo`. */

import type {Command} from '../host/host.ts';
import {applyManifest} from '../tools/kubectl.ts';
import type {Change, ClusterObject} from './change.ts';
import type {Changes} from './changes.ts';
import {type NewFiles, replaceFiles, saveFiles} from './node-files.ts';
import {systemctl} from './systemctl.ts';

export interface OnNode {
  /** The name of the node's container. */
  readonly node: string;
  readonly signal: AbortSignal;
}

export interface ServiceStop extends OnNode {
  readonly unit: string;
  /** Seconds after which the node starts the unit itself, even if no command follows. */
  readonly startAfter?: number;
}

/** Stops a systemd unit, such as `kni`, `kubelet` or `containerd`. */
export const stopService = async (
  changes: Changes,
  {node, unit, startAfter, signal}: ServiceStop,
): Promise<Change> => {
  const host = changes.cluster.node(node);
  const timer = startAfter === undefined ? undefined : `kni-demo-start-${unit}.timer`;
  const change = {kind: 'service-stopped', node, unit, ...(timer !== undefined && {timer})} as const;
  await changes.make(change, async () => {
    if (timer !== undefined) {
      const flags = ['--quiet', '--collect', `--unit=${timer}`, `--on-active=${startAfter}`];
      await host.run(['systemd-run', [...flags, 'systemctl', 'start', unit]], {signal, timeout: 20_000});
    }
    await systemctl(host, 'stop', [unit], signal);
  });
  return change;
};

export interface FileChange extends OnNode {
  /** Keys are absolute paths. */
  readonly texts: NewFiles;
  /** systemd units to restart after the change and after its undo, in this order. */
  readonly units?: readonly string[];
}

/** Replaces small files. */
export const changeFiles = async (
  changes: Changes,
  {node, texts, units = [], signal}: FileChange,
): Promise<Change> => {
  const host = changes.cluster.node(node);
  const files = await saveFiles(host, Object.keys(texts), signal);
  const change: Change = {kind: 'files-changed', node, files: [...files], units: [...units]};
  await changes.make(change, async () => {
    await replaceFiles(host, {former: files, next: texts}, signal);
    await systemctl(host, 'restart', units, signal);
  });
  return change;
};

const creation: Command = ['timeout', ['25', applyManifest[0], ...applyManifest[1]]];

/**
 * Applies a manifest. `objects` names everything that it creates. The signal does not end kubectl: in the node it would go on, and could
 * create the objects after their deletion.
 */
export const createObjects = async (
  changes: Changes,
  {
    manifest,
    objects,
    signal,
  }: {readonly manifest: string; readonly objects: readonly ClusterObject[]; readonly signal: AbortSignal},
): Promise<Change> => {
  const change: Change = {kind: 'objects-created', objects: [...objects]};
  await changes.make(change, async () => {
    await changes.cluster.controlPlane.run(creation, {input: manifest, timeout: 30_000});
    signal.throwIfAborted();
  });
  return change;
};
