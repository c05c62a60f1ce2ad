/** What the network runtime does without being asked: undo what was left, and clear away what has no owner. */
import {type Log, textOf} from './log.ts';
import type {PodNetworks} from './network/pod-networks.ts';
import type {RecordStore} from './network/record-store.ts';
import {repeat} from './repeat.ts';

/** How often it is looked for what has to be undone; what fails comes again later and later. */
const sweepMs = 1_000;
const reconcileRetryMs = 10_000;

export interface BackgroundParts {
  readonly pods: Pick<PodNetworks, 'sweep' | 'reconcile'>;
  readonly store: Pick<RecordStore, 'trouble' | 'probe'>;
  readonly log: Log;
}

/** Until it is aborted. */
export const startBackground = (parts: BackgroundParts): AbortController => {
  const {pods, store} = parts;
  const ending = new AbortController();
  const sweep = async () => {
    if (store.trouble()) await store.probe(); // a disk that was full may have space again
    await pods.sweep();
  };
  void repeat(sweep, sweepMs, ending.signal);
  void reconcileOnce(parts, ending.signal);
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
      log.warn('not reconciled yet', {error: textOf(error)});
    }
  };
  await repeat(attempt, reconcileRetryMs, AbortSignal.any([signal, done.signal]));
};
