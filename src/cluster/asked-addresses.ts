/** Calls QueryPodNetwork for a sandbox: evidence from a runtime that does not log `ipconfigs received for id: …`. */

import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {askSandbox, parseAddresses} from '../tools/kni-runtime.ts';

/** The result of QueryPodNetwork. */
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
