/** Background work: retries failed cleanups, reconciles once after the start, and probes the state directory. */

import {repeat} from './lib/repeat.ts';
import {errorText, type Log} from './log.ts';
import type {PodNetworkService} from './network/lifecycle.ts';
import type {RecordStore} from './network/record-store.ts';

/** How often the runtime looks for due cleanups. Each failing cleanup has its own backoff. */
const sweepMs = 1_000;
const reconcileRetryMs = 10_000;
/** Notices freed space on a full disk, and a failing disk before the next pod needs it. */
const probeMs = {inTrouble: 1_000, otherwise: 5_000};

export interface BackgroundParts {
  readonly pods: Pick<PodNetworkService, 'sweep' | 'reconcile'>;
  readonly store: Pick<RecordStore, 'trouble' | 'probe'>;
  readonly log: Log;
  /** The background work starts when this resolves. */
  readonly when: Promise<unknown>;
}

/** Runs until the returned controller is aborted. */
export const startBackground = (parts: BackgroundParts): AbortController => {
  const {pods, store, when} = parts;
  const ending = new AbortController();
  let probedAt = performance.now();
  const probe = async () => {
    const wait = store.trouble() ? probeMs.inTrouble : probeMs.otherwise;
    if (performance.now() - probedAt < wait) return;
    await store.probe();
    probedAt = performance.now();
  };
  const begin = async () => {
    await when;
    void repeat(probe, probeMs.inTrouble, ending.signal);
    void repeat(() => pods.sweep(), sweepMs, ending.signal);
    void reconcileOnce(parts, ending.signal);
  };
  void begin();
  return ending;
};

/** Removes resources that became orphaned while no network runtime ran. Retries, because a hanging call can block it. */
const reconcileOnce = async ({pods, log}: BackgroundParts, signal: AbortSignal): Promise<void> => {
  const done = new AbortController();
  const attempt = async () => {
    try {
      await pods.reconcile();
      done.abort();
      log.info('reconciled records and node');
    } catch (error) {
      log.warn('reconcile failed, retrying', {error: errorText(error)});
    }
  };
  await repeat(attempt, reconcileRetryMs, AbortSignal.any([signal, done.signal]));
};
