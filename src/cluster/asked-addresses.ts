/** Asks the network runtime of a node for the addresses of a sandbox: evidence from a runtime whose log has no known line. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {askSandbox, parseAddresses} from '../tools/kni-runtime.ts';

/** What QueryPodNetwork answered. */
export type AskedAddresses =
  | {readonly kind: 'answered' /** Of eth0. */; readonly ips: readonly string[]}
  | {readonly kind: 'refused'; readonly why: string};

export const askAddresses = async (
  node: Host,
  sandbox: string,
  signal: AbortSignal,
): Promise<AskedAddresses> => {
  try {
    const {stdout} = await node.run(askSandbox(sandbox), {signal});
    return {kind: 'answered', ips: parseAddresses(stdout)};
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    return {kind: 'refused', why: error.lastLine.replace(/^kni-runtime: /, '')};
  }
};
