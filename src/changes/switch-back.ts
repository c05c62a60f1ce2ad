/** Undoes the switch of a node. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {waitUntil} from '../host/wait-until.ts';
import {askNetworks, refusalOf, releaseSandboxes} from '../tools/kni-runtime.ts';
import type {SwitchedNode} from './change.ts';
import {putFiles} from './node-files.ts';
import {systemctl} from './systemctl.ts';

/** The network runtime gives up a DEL after 20 s or less; containerd never does. */
export const releaseTimeout = 60_000;

/** Undoes `switchNode`, from any point at which that was interrupted. Resolves when the kubelet is started. */
export const switchBack = async (
  host: Host,
  {files, units, scratch}: SwitchedNode,
  signal: AbortSignal,
): Promise<void> => {
  await systemctl(host, 'stop', ['kubelet'], signal);
  // While the other configuration is in place: afterwards containerd could not call DEL.
  await host.run(releaseSandboxes, {signal, timeout: releaseTimeout}).catch((error: unknown) => {
    // Sandboxes of KNI are left if the switch was interrupted, and their runtime may be stopped. The second call releases them.
    if (!(error instanceof CommandError) || refusalOf(error)?.status !== 'UNAVAILABLE') throw error;
  });
  await putFiles(host, files, signal);
  // They may run already, with the other configuration.
  await systemctl(host, 'restart', units, signal);
  await waitUntil(
    {what: 'the network runtime to answer', every: 200, atMost: 60_000, signal},
    async (polling) => {
      await host.run(askNetworks, {signal: polling, timeout: 10_000});
      return true;
    },
  );
  await host.run(releaseSandboxes, {signal, timeout: releaseTimeout});
  if (scratch.length > 0) await host.run(['rm', ['-rf', ...scratch]], {signal, timeout: 20_000});
  await systemctl(host, 'start', ['kubelet'], signal);
};
