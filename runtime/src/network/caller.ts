/** Divides a caller's time between ADD, the rollback of a failed ADD, and the answer. */

export interface Caller {
  /** Aborts when the caller has disconnected. */
  readonly signal?: AbortSignal;
  /** Until the caller's deadline, in ms; infinite without one. */
  readonly timeLeft?: () => number;
}

/** For the rollback and the answer, so that the caller learns which plugin was too slow. In ms. */
const reservedMs = {rollback: 20_000, answer: 2_000};
/** Even a call with a shorter deadline does real work. The caller learns the outcome when it repeats the call. */
const leastMs = 5_000;
const mostWaitMs = 30_000;

/** In ms, for all ADDs of an attachment together. A kubelet waits 60 s for Attach, which leaves 40 s. */
export const timeForAdd = ({timeLeft = forever}: Caller): number =>
  Math.max(timeLeft() - reservedMs.rollback, leastMs);

/** In ms, for waiting until a network has room. Enough time for an ADD and its rollback must remain. */
export const timeForWaiting = ({timeLeft = forever}: Caller): number =>
  Math.min(Math.max(timeLeft() - reservedMs.rollback - leastMs, 0), mostWaitMs);

/** In ms, for all DELs of a call together. */
export const timeForDel = ({timeLeft = forever}: Caller): number =>
  Math.max(timeLeft() - reservedMs.answer, leastMs);

const forever = () => Number.POSITIVE_INFINITY;
