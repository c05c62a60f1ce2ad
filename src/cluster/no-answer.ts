/** Explains why a node's network runtime does not answer, and suggests the next command. */

import type {CommandError} from '../host/command-error.ts';
import {quoteCommand} from '../host/quote.ts';
import {refusalOf} from '../tools/kni-runtime.ts';
import {nameFlag, recreateHint} from './cluster.ts';

export interface NoAnswer {
  /** One line: `the network runtime does not answer: …`. */
  readonly why: string;
  readonly tryThis: string;
}

export const noAnswer = (
  error: CommandError,
  {node, cluster, workers}: {readonly node: string; readonly cluster: string; readonly workers: number},
): NoAnswer => {
  const refusal = refusalOf(error);
  if (refusal?.status === 'UNAVAILABLE') {
    return {
      why: `the network runtime does not answer: ${refusal.details}`,
      tryThis: `docker exec ${node} systemctl status kni`,
    };
  }
  if (refusal?.status === 'no client') {
    return {
      why: `cannot ask the network runtime: ${refusal.details}`,
      tryThis: recreateHint(cluster, workers),
    };
  }
  if (refusal) {
    return {
      why: `the network runtime answers ${refusal.status}: ${refusal.details}`,
      tryThis: `kni-demo logs --node ${node}${nameFlag(cluster)}`,
    };
  }
  return {
    why: error.lastLine,
    tryThis: `run it yourself: ${quoteCommand(error.command)}`,
  };
};
