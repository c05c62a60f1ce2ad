/** The port to the world: everything kni-demo does outside its own memory and files goes through a Host. */

/** A program and its arguments, never a shell string. */
export type Command = readonly [file: string, args: readonly string[]];

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the caller's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed afterwards; without it standard input is empty. */
  readonly input?: string;
  /** Aborting ends the whole process group: SIGTERM first, SIGKILL after a grace of 5 s. */
  readonly signal?: AbortSignal;
  /** Milliseconds after which the command counts as failed and is ended like above. */
  readonly timeout?: number;
  /** Called with every line of standard output and standard error as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface Host {
  /** Rejects with CommandError when the program is missing, exits non-zero, is cancelled or times out. */
  run(command: Command, options?: RunOptions): Promise<CommandResult>;
}
