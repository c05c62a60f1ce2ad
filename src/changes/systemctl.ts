/** Starts and stops systemd units of a node. */

import type {Host} from '../host/host.ts';

/** Milliseconds. A unit has at most this time to start or stop: the runtime gets 20 s to let its plugins finish. */
const unitTimeout = 60_000;

/** Waits until the units have started or stopped. */
export const systemctl = async (
  node: Host,
  verb: 'start' | 'stop' | 'restart',
  units: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  if (units.length > 0) await node.run(['systemctl', [verb, ...units]], {signal, timeout: unitTimeout});
};
