/** One node of the task graph: data and one verb. Pure and generic; knows nothing of KNI. */

export type TaskId = string;

/** What a running task is told and may use. */
export interface Running {
  /** Digest of the task's inputs and of the fingerprints of all its needs: 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** The fingerprint of one of the task's needs; throws for any other task. */
  readonly fingerprintOf: (id: TaskId) => string;
  /** Aborted when the run is cancelled; pass it to every child. */
  readonly signal: AbortSignal;
  /** A line of output, for the task's log file and the view. */
  readonly log: (line: string) => void;
}

export interface Task<Context> {
  readonly id: TaskId; // 'build/node-image'
  readonly title: string; // 'Build the node image'
  readonly needs: readonly TaskId[];
  /**
   * What the result depends on, as JSON or a promise of it: versions, digests of files, commands.
   * Asked of every task before anything runs. Omitted: the needs alone.
   */
  inputs?(context: Context): unknown;
  /**
   * Asks the world whether the result is there already: the reason shown, or undefined to run.
   * Where it is there, the task's needs are not looked at for its sake. It is asked once before
   * anything runs, and again right before `run` if it threw or if one of its needs had to be made.
   * Throwing means "unknown", never "failed": `run` follows, which knows how long to wait and why to give up.
   */
  done?(context: Context, running: Running): Promise<string | undefined>;
  /**
   * The result is the state of something that runs, not a product that is kept: it ends when a live need has to be
   * made again. Then `done` is asked again after that need, even if it found the result before.
   */
  readonly live?: boolean;
  /** Safe to repeat where the result is there already, because `done` may be unable to tell. */
  run(context: Context, running: Running): Promise<void>;
}
