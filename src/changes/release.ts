/** Removes the sandboxes of a node through its network runtime, while the kubelet is stopped. */

import {waitForAnswer} from '../cluster/runtime-answer.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {forceSandboxes, parseUnreleased, refusalOf, releaseSandboxes} from '../tools/kni-runtime.ts';
import {systemctl} from './systemctl.ts';

/** The network runtime gives up a DEL after 20 s or less; containerd never does. */
const timeout = 60_000;

type Unreleased = ReturnType<typeof parseUnreleased>;

/** Starts a runtime that the user or an interrupted switch has stopped: otherwise the netns and addresses of its pods would stay. */
export const release = async (host: Host, signal: AbortSignal): Promise<void> => {
  if (await releaseUnlessStopped(host, signal)) return;
  await startRuntime(host, signal);
  await host.run(releaseSandboxes, {signal, timeout});
};

/** The same, but a runtime that does not start keeps the networks: it must be possible to replace it. Returns why, by pod. */
export const releaseIfPossible = async (host: Host, signal: AbortSignal): Promise<Unreleased> => {
  if (await releaseUnlessStopped(host, signal)) return [];
  await startRuntime(host, signal).catch(() => signal.throwIfAborted());
  return releaseByForce(host, signal);
};

const startRuntime = async (host: Host, signal: AbortSignal): Promise<void> => {
  await systemctl(host, 'start', ['kni'], signal);
  await waitForAnswer(host, {atMost: 30_000, signal});
};

/** Returns false if the network runtime of the sandboxes is stopped. */
export const releaseUnlessStopped = async (host: Host, signal: AbortSignal): Promise<boolean> => {
  try {
    await host.run(releaseSandboxes, {signal, timeout});
    return true;
  } catch (error) {
    if (error instanceof CommandError && refusalOf(error)?.status === 'UNAVAILABLE') return false;
    throw error;
  }
};

/** Also removes sandboxes that the runtime does not release. Returns why, by pod. */
export const releaseByForce = async (host: Host, signal: AbortSignal): Promise<Unreleased> =>
  parseUnreleased((await host.run(forceSandboxes, {signal, timeout})).stdout);
