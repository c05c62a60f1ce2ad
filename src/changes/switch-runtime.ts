/**
 * Switches the network runtime of a node: kni.service runs another program, and all pods with a network of their own get new sandboxes
 * from it. No pod object is deleted. The kubelet is stopped meanwhile, and starts only when the new runtime serves.
 */

import {userRuntimePaths} from '../cluster/user-runtime.ts';
import type {Host} from '../host/host.ts';
import type {SwitchedRuntime} from './change.ts';
import type {Changes} from './changes.ts';
import type {OnNode} from './make.ts';
import {saveFiles} from './node-files.ts';
import {refuseOldClient} from './old-client.ts';
import {fileWith, type NextRuntime, removeUnused, setRuntime} from './set-runtime.ts';

export interface RuntimeSwitch extends OnNode {
  /** For messages: the directory or file of the runtime. */
  readonly to: string;
  /** The text of the drop-in; undefined: kni-demo's own runtime. */
  readonly dropIn: string | undefined;
  /** Copies the program of the drop-in to the node. If it rejects, the program is removed. */
  readonly install: () => Promise<void>;
  /** Resolves when the new runtime serves. If it rejects, the kubelet stays stopped until the switch is undone. */
  readonly ready: NextRuntime['ready'];
  /** Called with each leftover of the former runtime. */
  readonly say: (line: string) => void;
}

/** Resolves when the kubelet is started, before its pods are Ready. Throws UserError before any change if the node is too old for this. */
export const switchRuntime = async (
  changes: Changes,
  {node, to, dropIn, install, ready, say, signal}: RuntimeSwitch,
): Promise<SwitchedRuntime> => {
  const host = changes.cluster.node(node);
  await refuseOldClient(
    host,
    {to: `switch the network runtime of ${node}`, feature: 'release-sandboxes --force'},
    signal,
  );
  const [file] = await saveFiles(host, [userRuntimePaths.dropIn], signal);
  if (file === undefined) throw new RangeError(userRuntimePaths.dropIn);
  await installOrRemove(host, install, signal);
  const change: SwitchedRuntime = {kind: 'runtime-switched', node, to, file};
  await changes.make(change, async () => {
    for (const line of await setRuntime(host, {next: fileWith(dropIn), ready}, signal))
      say(`${node}: ${line}`);
  });
  return change;
};

/** Nothing runs the program yet, so an interruption needs no undo but the removal of the file. */
const installOrRemove = async (
  host: Host,
  install: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  try {
    await install();
    signal.throwIfAborted();
  } catch (error) {
    await removeUnused(host, AbortSignal.timeout(20_000)).catch(() => undefined);
    throw error;
  }
};
