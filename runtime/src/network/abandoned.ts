/** Detects abandoned networks: the kubelet that requested them will neither use nor delete them. */
import type {PodNetworkRecord} from './record.ts';

export interface AbandonedNetworks {
  /** The caller disconnected before the answer of its Attach, so it may not know that the network is attached. */
  readonly markUnclaimed: (record: PodNetworkRecord) => void;
  /** A caller has received an answer about the network. */
  readonly claim: (record: PodNetworkRecord) => void;
  /** Whether the network has waited too long for an Attach, a retry of one, its deletion, or a claim. */
  readonly isAbandoned: (record: PodNetworkRecord) => boolean;
}

/** More than the 4 minutes in which a kubelet expects a sandbox. */
const abandonedMs = 600_000;

/**
 * The time counts from when a network is first seen waiting. `uptime` is used because the wall clock may jump. Each change of
 * a record creates a new object, for which the time starts again.
 */
export const createAbandonedNetworks = (uptime: () => number): AbandonedNetworks => {
  const waitingSince = new WeakMap<PodNetworkRecord, number>();
  const unclaimed = new WeakSet<PodNetworkRecord>();
  return {
    markUnclaimed: (record) => unclaimed.add(record),
    claim: (record) => unclaimed.delete(record),
    isAbandoned: (record) => {
      const isWaiting = record.state === 'created' || record.state === 'detached';
      if (!isWaiting && !unclaimed.has(record)) return false;
      const since = waitingSince.get(record) ?? uptime();
      waitingSince.set(record, since);
      return uptime() - since > abandonedMs;
    },
  };
};
