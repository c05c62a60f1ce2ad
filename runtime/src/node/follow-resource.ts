/** Follows the objects of a resource, and retries with backoff through outages of the API server. */
import {setTimeout as delay} from 'node:timers/promises';
import {errorText, type Log} from '../log.ts';
import type {Cluster} from './kubeconfig.ts';
import {type Resource, watchResource} from './watch-resource.ts';

export interface FollowOptions<Item> {
  /** Names the resource in log lines, such as "the nodes". */
  readonly what: string;
  readonly resource: Resource<Item>;
  /** Reads address and credentials. Called for every connection, because credentials are rotated. */
  readonly readCluster: () => Promise<Cluster>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onItems: (items: readonly Item[]) => Promise<void>;
  readonly onTrouble?: (error: unknown) => void;
  /** Shortens the backoff while the node waits for the objects. */
  readonly isUrgent?: () => boolean;
  /** Whether the error means that the cluster lacks the resource. Then retries are rare. */
  readonly isAbsent?: (error: unknown) => boolean;
}

export interface ResourceFollower {
  /** Ends the current backoff, so that the next attempt starts at once. */
  readonly wake: () => void;
}

const retryMs = {first: 250, urgentMax: 500, max: 15_000, absent: 30_000};

export const followResource = <Item>(options: FollowOptions<Item>): ResourceFollower => {
  let waking = new AbortController();
  const pause = async (ms: number) => {
    waking = new AbortController();
    // An aborted delay rejects, which ends the backoff early.
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
  const {what, resource, readCluster, log, signal, onItems, onTrouble, isUrgent, isAbsent} = options;
  let waitMs = retryMs.first;
  let lastError = '';
  while (!signal.aborted) {
    const begun = performance.now();
    let followed = false;
    let absent = false;
    try {
      for await (const items of watchResource(resource, readCluster, signal)) {
        if (lastError) log.info(`watching ${what} again`);
        lastError = '';
        followed = true;
        await onItems(items);
      }
    } catch (error) {
      if (signal.aborted) return;
      absent = isAbsent?.(error) ?? false;
      onTrouble?.(error);
      if (lastError !== errorText(error))
        log[absent ? 'info' : 'warn'](`cannot watch ${what}`, {error: errorText(error)});
      lastError = errorText(error);
    }
    // A watch that ends at once does not reset the backoff: each new watch begins with a list of all objects.
    if (followed && performance.now() - begun > waitMs) waitMs = retryMs.first;
    await pause(absent ? retryMs.absent : jittered(waitMs));
    waitMs = Math.min(waitMs * 2, isUrgent?.() ? retryMs.urgentMax : retryMs.max);
  }
};

/** After an outage, all nodes must not reconnect to the API server at the same moment. */
const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);
