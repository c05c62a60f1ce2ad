/** Follows the nodes for as long as the network runtime runs, through outages of the API server. */
import {setTimeout as delay} from 'node:timers/promises';
import {type Log, textOf} from '../log.ts';
import type {NodeFacts} from './node-facts.ts';
import {watchNodes} from './watch-nodes.ts';

export interface FollowOptions {
  readonly kubeconfig: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onNodes: (nodes: readonly NodeFacts[]) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
  /** While pods wait for the node, the API server is asked more often. */
  readonly isUrgent: () => boolean;
}

export interface Following {
  /** Asks again at once, if it is not just then following. */
  readonly wake: () => void;
}

const retryMs = {first: 250, urgentMost: 500, most: 15_000};

export const followNodes = (options: FollowOptions): Following => {
  let waking = new AbortController();
  const pause = async (ms: number) => {
    waking = new AbortController();
    // An aborted delay rejects: that is being woken up.
    await delay(ms, undefined, {signal: AbortSignal.any([waking.signal, options.signal])}).catch(
      () => undefined,
    );
  };
  void follow(options, pause);
  return {wake: () => waking.abort()};
};

const follow = async (options: FollowOptions, pause: (ms: number) => Promise<void>): Promise<void> => {
  const {kubeconfig, log, signal, onNodes, onTrouble, isUrgent} = options;
  let waitMs = retryMs.first;
  let told = '';
  while (!signal.aborted) {
    try {
      for await (const nodes of watchNodes(kubeconfig, signal)) {
        if (told) log.info('the nodes can be read again');
        told = '';
        waitMs = retryMs.first;
        await onNodes(nodes);
      }
    } catch (error) {
      if (signal.aborted) return;
      onTrouble(error);
      if (told !== textOf(error)) log.warn('the nodes cannot be read', {error: textOf(error)});
      told = textOf(error);
    }
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, isUrgent() ? retryMs.urgentMost : retryMs.most);
  }
};
