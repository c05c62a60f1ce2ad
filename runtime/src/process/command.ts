/** A program to run, and how it ended. */

export interface Command {
  readonly file: string;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** Added to the environment of the network runtime, of which nothing named CNI_… is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the run; waiting for a turn does not count. */
  readonly timeoutMs: number;
}

/** How a program ended. What that means is the caller's to say. */
export type Ending =
  | {readonly kind: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string}
  | {readonly kind: 'signalled'; readonly signal: string; readonly stderr: string}
  | {readonly kind: 'timed-out'; readonly ms: number; readonly stderr: string}
  | {readonly kind: 'stopped'}
  | {readonly kind: 'too-much-output'; readonly limit: number}
  | {readonly kind: 'not-started'; readonly error: unknown};
