/** Follows the objects of a resource for as long as the network runtime runs, through outages of the API server. */
import {setTimeout as delay} from 'node:timers/promises';
import {errorText, type Log} from '../log.ts';
import {type Resource, watchResource} from './watch-resource.ts';

export interface FollowOptions<Item> {
  /** What is followed, for the log: "the nodes". */
  readonly what: string;
  readonly resource: Resource<Item>;
  readonly kubeconfig: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onItems: (items: readonly Item[]) => Promise<void>;
  readonly onTrouble?: (error: unknown) => void;
  /** While someone waits for it, the API server is asked more often. */
  readonly isUrgent?: () => boolean;
  /** The cluster need not have the resource: no trouble, and nothing to ask for often. */
  readonly isAbsent?: (error: unknown) => boolean;
}

export interface Following {
  /** Asks again at once, if it is not just then following. */
  readonly wake: () => void;
}

const retryMs = {first: 250, urgentMost: 500, most: 15_000, absent: 30_000};

export const followResource = <Item>(options: FollowOptions<Item>): Following => {
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

const follow = async <Item>(
  options: FollowOptions<Item>,
  pause: (ms: number) => Promise<void>,
): Promise<void> => {
  const {what, resource, kubeconfig, log, signal, onItems, onTrouble, isUrgent, isAbsent} = options;
  let waitMs = retryMs.first;
  let told = '';
  while (!signal.aborted) {
    const begun = performance.now();
    let followed = false;
    let absent = false;
    try {
      for await (const items of watchResource(resource, kubeconfig, signal)) {
        if (told) log.info(`watching ${what} again`);
        told = '';
        followed = true;
        await onItems(items);
      }
    } catch (error) {
      if (signal.aborted) return;
      absent = isAbsent?.(error) ?? false;
      onTrouble?.(error);
      if (told !== errorText(error))
        log[absent ? 'info' : 'warn'](`cannot watch ${what}`, {error: errorText(error)});
      told = errorText(error);
    }
    // One that ends as soon as it has begun must not be asked for all objects again and again.
    if (followed && performance.now() - begun > waitMs) waitMs = retryMs.first;
    await pause(absent ? retryMs.absent : jittered(waitMs));
    waitMs = Math.min(waitMs * 2, isUrgent?.() ? retryMs.urgentMost : retryMs.most);
  }
};

/** The nodes of a cluster lose its API server at the same moment, and should not come back at the same one. */
const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);
