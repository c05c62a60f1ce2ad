/** Waits for the network runtime of a node. */

import type {Host} from '../host/host.ts';
import {waitUntil} from '../host/wait-until.ts';
import {askNetworks} from '../tools/kni-runtime.ts';

export interface AnswerWait {
  /** For messages: the name of the node. */
  readonly node?: string;
  /** Milliseconds. Default: 60000. */
  readonly atMost?: number;
  readonly signal: AbortSignal;
}

/** Resolves when the runtime answers, whether its networks are ready or not. */
export const waitForAnswer = async (
  host: Host,
  {node, atMost = 60_000, signal}: AnswerWait,
): Promise<void> => {
  const what = `the network runtime${node === undefined ? '' : ` of ${node}`} to answer`;
  await waitUntil({what, every: 200, atMost, signal}, async (polling) => {
    await host.run(askNetworks, {signal: polling, timeout: 10_000});
    return true;
  });
};
