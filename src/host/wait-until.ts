/** Polls until a condition holds or the deadline passes. */

import {seconds} from '../duration.ts';
import {type Clock, systemClock} from './clock.ts';
import {reasonOf} from './reason.ts';

export interface Wait {
  /** Completes the sentence "waited 5 s for …": `all nodes to be Ready`. */
  readonly what: string;
  /** Milliseconds from the end of one probe to the next. */
  readonly every: number;
  /** The timeout in milliseconds. It also ends a running probe. */
  readonly atMost: number;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** The deadline passed. `cause` is the error of the last probe, if it threw. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly what: string;

  constructor({what, atMost}: Pick<Wait, 'what' | 'atMost'>, lastError: unknown) {
    const seen = lastError === undefined ? '' : `; last seen: ${reasonOf(lastError)}`;
    super(`waited ${seconds(atMost)} for ${what}${seen}`, {cause: lastError});
    this.what = what;
  }
}

/**
 * Resolves with the first value other than undefined. It calls the probe again after an error.
 * The probe's signal aborts when the wait ends for any reason.
 * Rejects with DeadlineExceeded, or with the signal's reason when it aborts.
 */
export const waitUntil = async <T>(
  {what, every, atMost, signal, clock = systemClock}: Wait,
  probe: (signal: AbortSignal) => Promise<T | undefined>,
): Promise<T> => {
  signal.throwIfAborted();
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  let lastError: unknown;

  const poll = async (): Promise<T> => {
    for (;;) {
      try {
        const value = await probe(either);
        if (value !== undefined) return value;
        lastError = undefined;
      } catch (error) {
        either.throwIfAborted();
        lastError = error;
      }
      await clock.sleep(every, either);
    }
  };
  const deadline = async (): Promise<never> => {
    await clock.sleep(atMost, either);
    throw new DeadlineExceeded({what, atMost}, lastError);
  };

  try {
    return await Promise.race([poll(), deadline()]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
  }
};
