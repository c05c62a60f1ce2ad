/** Undoes the switch of a node. */

import {waitForAnswer} from '../cluster/runtime-answer.ts';
import type {Host} from '../host/host.ts';
import type {SwitchedNode} from './change.ts';
import {putFiles} from './node-files.ts';
import {release, releaseUnlessStopped} from './release.ts';
import {systemctl} from './systemctl.ts';

/** Undoes `switchNode`, from any point at which that was interrupted. Resolves when the kubelet is started. */
export const switchBack = async (
  host: Host,
  {files, units, scratch}: SwitchedNode,
  signal: AbortSignal,
): Promise<void> => {
  await systemctl(host, 'stop', ['kubelet'], signal);
  // While the other configuration is in place: afterwards containerd could not call DEL. Sandboxes of KNI are left if the switch was
  // interrupted, and their runtime may be stopped. The second call releases them.
  await releaseUnlessStopped(host, signal);
  await putFiles(host, files, signal);
  // They may run already, with the other configuration.
  await systemctl(host, 'restart', units, signal);
  await waitForAnswer(host, {signal});
  await release(host, signal);
  if (scratch.length > 0) await host.run(['rm', ['-rf', ...scratch]], {signal, timeout: 20_000});
  await systemctl(host, 'start', ['kubelet'], signal);
};
