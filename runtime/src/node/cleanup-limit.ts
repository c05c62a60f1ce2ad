/** Limits the unfinished cleanups of a network; with too many the node becomes not ready. */
import {parseConflist} from '../cni/conflist.ts';
import {memoize} from '../lib/memoize.ts';
import {TooManyCleanups} from '../network/errors.ts';
import {capacityOfNetwork} from './address-pool.ts';
import type {Trouble} from './trouble.ts';

const maximum = 250n;

/**
 * The limit for a conflist: a quarter of its addresses, because each unfinished cleanup may hold one. Undefined without
 * host-local.
 */
export const limitOfPool = (config: string): number | undefined => limits(config).ofPool;

const limits = memoize(16, (config): {readonly ofPool: number | undefined} => {
  const capacity = capacityOfNetwork(parseConflist(config));
  if (capacity === undefined) return {ofPool: undefined};
  const quarter = capacity / 4n;
  return {ofPool: quarter < 1n ? 1 : Number(quarter > maximum ? maximum : quarter)};
});

export const tooManyCleanups = (network: string): Trouble => ({
  reason: 'TooManyFailedCleanups',
  message: new TooManyCleanups(network).message,
  runningPodsUnaffected: true,
});
