/** How many cleanups of a network may be unfinished, and what the node says when its own network has too many. */
import {parseConflist} from '../cni/conflist.ts';
import {memoize} from '../lib/memoize.ts';
import {TooManyCleanups} from '../network/errors.ts';
import {capacityOfNetwork} from './address-pool.ts';
import type {Trouble} from './trouble.ts';

const most = 250n;

/**
 * Of the text of a conflist: a quarter of its addresses, each of which an unfinished cleanup may hold. `undefined` when its
 * addresses are not host-local's.
 */
export const limitOfPool = (config: string): number | undefined => limits(config).ofPool;

const limits = memoize(16, (config): {readonly ofPool: number | undefined} => {
  const capacity = capacityOfNetwork(parseConflist(config));
  if (capacity === undefined) return {ofPool: undefined};
  const quarter = capacity / 4n;
  return {ofPool: quarter < 1n ? 1 : Number(quarter > most ? most : quarter)};
});

export const tooManyCleanups = (network: string): Trouble => ({
  reason: 'TooManyFailedCleanups',
  message: new TooManyCleanups(network).message,
  runningPodsUnaffected: true,
});
