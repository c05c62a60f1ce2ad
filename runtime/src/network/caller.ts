/** Divides a caller's time between ADD, the rollback of a failed ADD, and the answer. */

export interface Caller {
  /** Aborts when the caller has disconnected. */
  readonly signal?: AbortSignal;
  /** Until the caller's deadline, in ms; infinite without one. */
  readonly timeLeft?: () => number;
  /** Tests use shorter ones. */
  readonly limits?: TimeLimits;
}

/** In ms. */
export interface TimeLimits {
  /** The rollback and the answer have time reserved, so that the caller learns which plugin was too slow. */
  readonly rollback: number;
  readonly answer: number;
  /** Even a call with a shorter deadline does real work. The caller learns the outcome when it repeats the call. */
  readonly least: number;
  readonly mostWait: number;
}

const usual: TimeLimits = {rollback: 20_000, answer: 2_000, least: 5_000, mostWait: 30_000};

/** In ms, for all ADDs of an attachment together. A kubelet waits 60 s for Attach, which leaves 40 s. */
export const timeForAdd = ({timeLeft = forever, limits = usual}: Caller): number =>
  Math.max(timeLeft() - limits.rollback, limits.least);

/** In ms, for waiting until a network has room. Enough time for an ADD and its rollback must remain. */
export const timeForWaiting = ({timeLeft = forever, limits = usual}: Caller): number =>
  Math.min(Math.max(timeLeft() - limits.rollback - limits.least, 0), limits.mostWait);

/** In ms, for all DELs of a call together. */
export const timeForDel = ({timeLeft = forever, limits = usual}: Caller): number =>
  Math.max(timeLeft() - limits.answer, limits.least);

export const forever = (): number => Number.POSITIVE_INFINITY;
