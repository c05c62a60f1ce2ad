/** Removes the sandboxes of a node through its network runtime, while the kubelet is stopped. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {forceSandboxes, parseUnreleased, refusalOf, releaseSandboxes} from '../tools/kni-runtime.ts';

/** The network runtime gives up a DEL after 20 s or less; containerd never does. */
const timeout = 60_000;

export const release = async (host: Host, signal: AbortSignal): Promise<void> => {
  await host.run(releaseSandboxes, {signal, timeout});
};

/** Does nothing if the runtime is stopped, as an interrupted switch may have left it. */
export const releaseUnlessStopped = async (host: Host, signal: AbortSignal): Promise<void> => {
  await release(host, signal).catch((error: unknown) => {
    if (!(error instanceof CommandError) || refusalOf(error)?.status !== 'UNAVAILABLE') throw error;
  });
};

/** Also removes sandboxes that the runtime does not release. Returns why, by pod. */
export const releaseByForce = async (
  host: Host,
  signal: AbortSignal,
): Promise<ReturnType<typeof parseUnreleased>> =>
  parseUnreleased((await host.run(forceSandboxes, {signal, timeout})).stdout);
