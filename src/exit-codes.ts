/** What the exit code of `kni-demo` says: the one list, also printed in docs/commands.md. */
export const exitCodes = {
  /** Everything asked for holds. */
  ok: 0,
  /** A task or the verification failed; the message names the log file. */
  failed: 1,
  /** Wrong usage or bad input: an option, a name, a stack file. Nothing was touched. */
  badInput: 2,
  /** The host lacks something, and all of what is missing is listed. */
  hostLacks: 3,
  /** The cluster's name is taken by one that we did not make, or that was made from another image. */
  conflict: 4,
  /** Another kni-demo is at work on the same cache. */
  busy: 5,
  /** Cancelled by Ctrl-C or SIGTERM; the next run goes on from there. */
  cancelled: 130,
  /** The reader of the output went away (`| head`), and the command ended early. */
  noReader: 141,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
