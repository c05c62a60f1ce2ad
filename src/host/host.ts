/** The port through which kni-demo runs programs. */

/** A program and its arguments, never a shell string. */
export type Command = readonly [file: string, args: readonly string[]];

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. Undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Written to standard input, which is then closed. Default: empty. */
  readonly input?: string | Uint8Array;
  /** Keep standard input open and empty until the command ends: it notices then that this process is gone. */
  readonly holdInput?: boolean;
  /** Aborting ends the whole process group with SIGTERM, and after `grace` with SIGKILL. */
  readonly signal?: AbortSignal;
  /** Milliseconds; 5 s if omitted. */
  readonly grace?: number;
  /** Milliseconds after which the command has failed and its process group is ended. */
  readonly timeout?: number;
  /** Called with each line of standard output and standard error as it arrives. */
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
