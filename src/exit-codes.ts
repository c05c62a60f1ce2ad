/** The exit codes of `kni-demo`, also printed in docs/commands.md. */
export const exitCodes = {
  /** Success. */
  ok: 0,
  /** A task or the verification failed; the message names the log file. */
  failed: 1,
  /** Wrong usage or bad input: an option, a name, a stack file. Nothing was changed. */
  badInput: 2,
  /** This machine lacks something. The message lists everything that is missing. */
  hostLacks: 3,
  /** A cluster of that name belongs to another user, or was created from another image. */
  conflict: 4,
  /** Another kni-demo is using the same cache or state directory. */
  busy: 5,
  /** Cancelled by Ctrl-C or SIGTERM; the next run continues. */
  cancelled: 130,
  /** The reader of the output has closed the pipe (`| head`), and the command ended early. */
  noReader: 141,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
