/** One node of the task graph. Generic: contains nothing specific to KNI. */

export type TaskId = string;

/** The graph passes this to the functions of a task. */
export interface TaskRun {
  /** Digest of the task's inputs and of the fingerprints of all its needs: 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** The fingerprint of one of the task's needs; throws for any other task. */
  readonly fingerprintOf: (id: TaskId) => string;
  /** Aborted when the run is cancelled; pass it to every child process. */
  readonly signal: AbortSignal;
  /** Writes a line to the task's log file and to the view. */
  readonly log: (line: string) => void;
}

export interface Task<Context> {
  readonly id: TaskId; // 'build/node-image'
  readonly title: string; // 'Build the node image'
  readonly needs: readonly TaskId[];
  /**
   * Everything that the result depends on, as JSON or a promise of JSON: versions, digests of files, commands.
   * Called for every task before anything runs. If omitted, the result depends on the needs only.
   */
  inputs?(context: Context): unknown;
  /**
   * Checks whether the result exists. Returns the reason that is shown for skipping the task, or undefined to run it.
   * A task whose result exists does not cause its needs to run. `done` is called once before anything runs, and again
   * right before `run` if it threw or if one of the needs had to run. Throwing means "unknown", never "failed": `run`
   * follows, and it knows how long to wait and when to fail.
   */
  done?(context: Context, running: TaskRun): Promise<string | undefined>;
  /**
   * Whether the result is the state of something that runs, and not a stored product. Such a result can end when a live
   * need runs again. Then `done` is called again after that need, even if it found the result before.
   */
  readonly live?: boolean;
  /** Must be idempotent, because `done` can fail to notice an existing result. */
  run(context: Context, running: TaskRun): Promise<void>;
}
