/** A program to run, and the ways in which it can end. */

export interface Command {
  readonly file: string;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** Added to the environment of the network runtime, without its variables named CNI_…. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * The output is expected to fit into a pipe (64 KiB), so it is read when the program has ended, which takes less time. More
   * output makes the program wait for a moment.
   */
  readonly printsLittle?: boolean;
  /** Limits the run itself; time in the queue does not count. */
  readonly timeoutMs: number;
}

/** Input that is not known when the program starts. Without it, the program is killed. Its time limit begins with the input. */
export type LaterInput = Promise<Required<Pick<Command, 'stdin' | 'timeoutMs'>> | undefined>;

/** The caller decides which endings are failures. */
export type Ending =
  | {readonly kind: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string}
  | {readonly kind: 'signalled'; readonly signal: string; readonly stderr: string}
  | {readonly kind: 'timed-out'; readonly ms: number; readonly stderr: string}
  | {readonly kind: 'stopped'}
  | {readonly kind: 'too-much-output'; readonly limit: number}
  | {readonly kind: 'not-started'; readonly error: unknown};
