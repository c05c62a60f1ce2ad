/**
 * Switches a node: all its pods get their networks from somewhere else, such as CNI in containerd, another network runtime or another
 * configuration. No pod object is deleted. The sandboxes are removed while the kubelet is stopped; then it creates new ones.
 * Containers end without their grace period. Pods on the host's network are not touched.
 */

import type {Command} from '../host/host.ts';
import type {Change, SwitchedNode} from './change.ts';
import type {Changes} from './changes.ts';
import type {OnNode} from './make.ts';
import {type NewFiles, replaceFiles, saveFiles} from './node-files.ts';
import {refuseOldClient} from './old-client.ts';
import {release} from './release.ts';
import {systemctl} from './systemctl.ts';

export interface NodeSwitch extends OnNode {
  /** For messages: `CNI`. */
  readonly to: string;
  /** Configurations, kubelet environment and programs. Keys are absolute paths. */
  readonly files: NewFiles;
  /** Units to stop, such as the network runtime. The undo starts them. */
  readonly stop?: readonly string[];
  /** Run when the node has no pod networks and these units are stopped. They must be idempotent. */
  readonly meanwhile?: readonly Command[];
  /** Units to start before the kubelet. */
  readonly start?: readonly string[];
  /** Directories with state of the other network, which are removed at the end. */
  readonly scratch?: readonly string[];
}

/** Resolves when the kubelet is started, before its pods are Ready. Throws UserError before any change if the node is too old for this. */
export const switchNode = async (
  changes: Changes,
  {node, to, files, stop = [], meanwhile = [], start = [], scratch = [], signal}: NodeSwitch,
): Promise<Change> => {
  const host = changes.cluster.node(node);
  await refuseOldClient(host, {to: `switch node ${node}`, feature: 'release-sandboxes'}, signal);
  const former = await saveFiles(host, Object.keys(files), signal);
  const change: SwitchedNode = {
    kind: 'node-switched',
    node,
    to,
    files: [...former],
    units: [...stop],
    scratch: [...scratch],
  };
  await changes.make(change, async () => {
    await systemctl(host, 'stop', ['kubelet'], signal);
    await release(host, signal);
    await systemctl(host, 'stop', stop, signal);
    await replaceFiles(host, {former, next: files}, signal);
    for (const command of meanwhile) await host.run(command, {signal, timeout: 60_000});
    await systemctl(host, 'start', start, signal);
    await systemctl(host, 'start', ['kubelet'], signal);
  });
  return change;
};
