/** Tells whether files and directories have changed since they were read, so that their content can be cached. */
import {type BigIntStats, statSync} from 'node:fs';

export interface ReadPaths {
  /** Call it before the path is read. A path may be missing, and appear later. */
  readonly add: (path: string) => void;
  /** Whether what was read is still current. False when in doubt. */
  readonly areUnchanged: () => boolean;
}

/**
 * How old the last change must be. Timestamps have a granularity: a path that changed just before it was read may change
 * again with the same timestamp, so it counts as changed. The kernel's clock ticks every 10 ms or faster; a file system
 * may store whole seconds only.
 */
const settledNs = {ticks: 100_000_000n, wholeSeconds: 2_000_000_000n};

export const createReadPaths = (): ReadPaths => {
  const stamps = new Map<string, string>();
  let isSettled = true;
  return {
    add: (path) => {
      const stat = statOf(path);
      isSettled &&= stat === undefined || isOld(stat);
      stamps.set(path, stampOf(stat));
    },
    areUnchanged: () => {
      if (!isSettled) return false;
      for (const [path, stamp] of stamps) if (stampOf(statOf(path)) !== stamp) return false;
      return true;
    },
  };
};

/** Undefined for a path that is missing or cannot be read. Synchronous: a promise takes ten times as long. */
const statOf = (path: string): BigIntStats | undefined => {
  try {
    return statSync(path, {bigint: true, throwIfNoEntry: false});
  } catch {
    return undefined;
  }
};

const stampOf = (stat: BigIntStats | undefined): string =>
  stat ? [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join() : '';

/** The change time counts, too: programs can set the modification time. */
const isOld = ({mtimeNs, ctimeNs}: BigIntStats): boolean => {
  const changed = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  const limit = changed % 1_000_000_000n === 0n ? settledNs.wholeSeconds : settledNs.ticks;
  return BigInt(Date.now()) * 1_000_000n - changed > limit;
};
