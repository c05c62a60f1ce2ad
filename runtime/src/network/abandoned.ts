/** Notices networks that nobody comes for: the kubelet that asked for them is gone, and with it who would have them deleted. */
import type {PodNetworkRecord} from './record.ts';

export interface AbandonedNetworks {
  /** Attached, but the caller has hung up before the answer: it may not know. */
  readonly leave: (record: PodNetworkRecord) => void;
  /** Somebody has been told of it. */
  readonly claim: (record: PodNetworkRecord) => void;
  /** Whether it has waited too long: for a sandbox, for another attempt at one that failed, for its deletion, or to be claimed. */
  readonly isAbandoned: (record: PodNetworkRecord) => boolean;
}

/** More than the 4 minutes that a kubelet gives a sandbox to be made. */
const abandonedMs = 600_000;

/**
 * Time counts from when a network is first seen to wait, not by the clock on the wall, which may jump. Whatever becomes
 * of a record makes another object of it, which is given the time anew.
 */
export const createAbandonedNetworks = (uptime: () => number): AbandonedNetworks => {
  const seen = new WeakMap<PodNetworkRecord, number>();
  const left = new WeakSet<PodNetworkRecord>();
  return {
    leave: (record) => left.add(record),
    claim: (record) => left.delete(record),
    isAbandoned: (record) => {
      const isWaiting = record.state === 'created' || record.state === 'detached';
      if (!isWaiting && !left.has(record)) return false;
      const since = seen.get(record) ?? uptime();
      seen.set(record, since);
      return uptime() - since > abandonedMs;
    },
  };
};
