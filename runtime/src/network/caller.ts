/** Divides the time that a caller waits between ADD, the undoing of a failed ADD, and the answer. */

export interface Caller {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
  /** Until the caller's deadline, in ms; infinite without one. */
  readonly timeLeft?: () => number;
}

/** Kept for the undoing and for the answer, so that the caller hears which plugin was too slow. In ms. */
const kept = {undo: 20_000, answer: 2_000};
/** A caller that is less patient still gets real work done, whose outcome it learns by repeating the call. */
const leastMs = 5_000;
const mostWaitMs = 30_000;

/** In ms, for all ADDs of an attachment together. A kubelet waits 60 s for Attach, which leaves 40 s. */
export const timeForAdd = ({timeLeft = forever}: Caller): number => Math.max(timeLeft() - kept.undo, leastMs);

/** In ms, for waiting until a network has room: enough time for a real ADD and its undoing must remain. */
export const timeForWaiting = ({timeLeft = forever}: Caller): number =>
  Math.min(Math.max(timeLeft() - kept.undo - leastMs, 0), mostWaitMs);

/** In ms, for all DELs of a call together. */
export const timeForDel = ({timeLeft = forever}: Caller): number =>
  Math.max(timeLeft() - kept.answer, leastMs);

const forever = () => Number.POSITIVE_INFINITY;
