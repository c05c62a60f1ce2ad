/** Notices networks that no sandbox comes for: the kubelet that asked for them is gone, and with it who would have them deleted. */
import type {PodNetwork} from './record.ts';

/** More than the 4 minutes that a kubelet gives a sandbox to be made. */
const abandonedMs = 600_000;

/** Time counts from when a network is first seen to wait, not by the clock on the wall, which may jump. */
export const createAbandoned = (uptime: () => number): ((record: PodNetwork) => boolean) => {
  const seen = new WeakMap<PodNetwork, number>();
  return (record) => {
    if (record.state !== 'created' || record.sandbox !== undefined) return false;
    const since = seen.get(record) ?? uptime();
    seen.set(record, since);
    return uptime() - since > abandonedMs;
  };
};
