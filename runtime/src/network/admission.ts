/**
 * Bounds how many cleanups of one network can be unfinished: attachments under way and unfinished cleanups together stay
 * within the limit of the network. Pods that come when their network has no place left are refused; while places are only
 * taken by attachments under way, they wait.
 */
import type {Attachment} from '../cni/attachment.ts';
import {TooManyCleanups} from './errors.ts';
import type {Cared} from './pod-networks.ts';
import {unfinishedRecords} from './unfinished.ts';

export type Admission = <T>(
  attachments: readonly Attachment[],
  work: () => Promise<T>,
  signal?: AbortSignal,
) => Promise<T>;

export const createAdmission = (parts: Cared): Admission => {
  const underWay = new Map<string, number>();
  let waiting: (() => void)[] = [];
  const unfinishedOf = (network: string): number =>
    unfinishedRecords(parts).filter(({attachments}) => attachments.some((each) => each.network === network))
      .length;

  const isRoomFor = (attachment: Attachment): boolean => {
    const {network} = attachment;
    const limit = parts.cleanupLimits.ofNetwork(attachment);
    const unfinished = unfinishedOf(network);
    if (unfinished >= limit) throw new TooManyCleanups(network);
    return unfinished + (underWay.get(network) ?? 0) < limit;
  };
  const add = (networks: ReadonlySet<string>, count: 1 | -1) => {
    for (const network of networks) underWay.set(network, (underWay.get(network) ?? 0) + count);
  };
  return async (attachments, work, signal) => {
    const networks = new Set(attachments.map(({network}) => network));
    while (!attachments.every(isRoomFor)) {
      await new Promise<void>((resolve) => waiting.push(resolve));
      signal?.throwIfAborted();
    }
    add(networks, 1);
    try {
      return await work();
    } finally {
      add(networks, -1);
      const all = waiting;
      waiting = [];
      for (const wake of all) wake();
    }
  };
};
