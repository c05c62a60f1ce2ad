/** Remembers the cleanups that have failed: since when, why, and when the next attempt is due. */
import {createBackoff} from './backoff.ts';

export interface CleanupRetries {
  /** The first Detach of a sandbox: from here on counts the time until its cleanup is given up. */
  readonly begin: (key: string) => void;
  /** `inputs` identifies what the attempt depended on: configuration and plugin files. */
  readonly failed: (key: string, failure: CleanupFailure) => void;
  readonly ended: (key: string) => void;
  /** Whether the cleanup has failed for so long that the record becomes pending. */
  readonly isOverdue: (key: string) => boolean;
  /**
   * Whether to try again now: the backoff is over, or `inputs`, which are read every few seconds, are not those of the last
   * attempt.
   */
  readonly isDue: (key: string, inputs: () => string) => boolean;
  /** The last error; `undefined` when no attempt has failed since the start. */
  readonly causeOf: (key: string) => string | undefined;
  /** In ms from now; 0 when it is due. */
  readonly nextIn: (key: string) => number;
}

export interface CleanupFailure {
  readonly kind: 'detaching' | 'pending';
  readonly cause: string;
  readonly inputs: string;
}

const detachingBackoff = {firstMs: 1_000, mostMs: 60_000};
/** How often the configuration and the plugins' files are looked at, for each cleanup. */
const lookMs = 5_000;
const pendingBackoff = {firstMs: 60_000, mostMs: 3_600_000};

/** `uptime` in ms. What an earlier process has left is due at once. */
export const createCleanupRetries = (uptime: () => number, giveUpAfterMs: number): CleanupRetries => {
  const begun = new Map<string, number>();
  const failures = new Map<string, {readonly cause: string; readonly inputs: string; lookedAt: number}>();
  const retries = {
    detaching: createBackoff(uptime, detachingBackoff),
    pending: createBackoff(uptime, pendingBackoff),
  };
  return {
    begin: (key) => {
      if (!begun.has(key)) begun.set(key, uptime());
    },
    failed: (key, {kind, cause, inputs}) => {
      failures.set(key, {cause, inputs, lookedAt: uptime()});
      retries[kind].failed(key);
    },
    ended: (key) => {
      begun.delete(key);
      failures.delete(key);
      for (const each of Object.values(retries)) each.ended(key);
    },
    isOverdue: (key) => uptime() - (begun.get(key) ?? uptime()) >= giveUpAfterMs,
    isDue: (key, inputs) => {
      if (retries.detaching.isDue(key) && retries.pending.isDue(key)) return true;
      const failure = failures.get(key);
      if (!failure || uptime() - failure.lookedAt < lookMs) return false;
      failure.lookedAt = uptime();
      return failure.inputs !== inputs();
    },
    causeOf: (key) => failures.get(key)?.cause,
    nextIn: (key) => Math.max(retries.detaching.nextIn(key), retries.pending.nextIn(key)),
  };
};
