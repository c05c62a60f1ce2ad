/** Tracks failed cleanups: since when they fail, why, and when the next retry is due. */
import {createBackoff} from './backoff.ts';

export interface CleanupRetries {
  /** Call it at the first Detach of a sandbox: the time until its cleanup becomes pending starts here. */
  readonly begin: (key: string) => void;
  /** `inputs` identifies the configuration and the plugin files that the attempt used. */
  readonly failed: (key: string, failure: CleanupFailure) => void;
  readonly ended: (key: string) => void;
  /** Whether the cleanup has failed for so long that the record becomes pending. */
  readonly isOverdue: (key: string) => boolean;
  /**
   * Whether to retry now: the backoff is over, or the inputs have changed since the last attempt. Inputs are read every few
   * seconds.
   */
  readonly isDue: (key: string, inputs: () => string) => boolean;
  /** The last error. `undefined` if no attempt has failed since the start of the process. */
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
/** How often the inputs of a cleanup are read. */
const inputsMs = 5_000;
const pendingBackoff = {firstMs: 60_000, mostMs: 3_600_000};

/** `uptime` in ms. Cleanups that an earlier process has left are due at once. */
export const createCleanupRetries = (uptime: () => number, giveUpAfterMs: number): CleanupRetries => {
  const begun = new Map<string, number>();
  const failures = new Map<string, {readonly cause: string; readonly inputs: string; readAt: number}>();
  const retries = {
    detaching: createBackoff(uptime, detachingBackoff),
    pending: createBackoff(uptime, pendingBackoff),
  };
  return {
    begin: (key) => {
      if (!begun.has(key)) begun.set(key, uptime());
    },
    failed: (key, {kind, cause, inputs}) => {
      failures.set(key, {cause, inputs, readAt: uptime()});
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
      if (!failure || uptime() - failure.readAt < inputsMs) return false;
      failure.readAt = uptime();
      return failure.inputs !== inputs();
    },
    causeOf: (key) => failures.get(key)?.cause,
    nextIn: (key) => Math.max(retries.detaching.nextIn(key), retries.pending.nextIn(key)),
  };
};
