/** What the network runtime does without being asked: undo what was left, and clear away what has no owner. */

import {repeat} from './lib/repeat.ts';
import {errorText, type Log} from './log.ts';
import type {PodNetworkService} from './network/lifecycle.ts';
import type {RecordStore} from './network/record-store.ts';

/** How often it is looked for what has to be undone; what fails comes again later and later. */
const sweepMs = 1_000;
const reconcileRetryMs = 10_000;
/** A disk that was full may have space again; one that has failed should be noticed before the next pod comes. */
const probeMs = {inTrouble: 1_000, otherwise: 5_000};

export interface BackgroundParts {
  readonly pods: Pick<PodNetworkService, 'sweep' | 'reconcile'>;
  readonly store: Pick<RecordStore, 'trouble' | 'probe'>;
  readonly log: Log;
  /** Not before. */
  readonly when: Promise<unknown>;
}

/** Until it is aborted. */
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

/** Whatever lost its owner while no network runtime ran. A call under way that hangs puts it off. */
const reconcileOnce = async ({pods, log}: BackgroundParts, signal: AbortSignal): Promise<void> => {
  const done = new AbortController();
  const attempt = async () => {
    try {
      await pods.reconcile();
      done.abort();
    } catch (error) {
      log.warn('reconcile failed, retrying', {error: errorText(error)});
    }
  };
  await repeat(attempt, reconcileRetryMs, AbortSignal.any([signal, done.signal]));
};
