/**
 * Puts the id of a program's process group into its environment, which its children inherit. A process whose group differs
 * has left the group on purpose, such as a daemon. One with the same group is an orphan once the network runtime is gone.
 */

export const groupVariable = 'KNI_PGID';

/** The pid is not known before the process exists, so a shell exports it and then becomes the program. */
const script = `${groupVariable}=$$; export ${groupVariable}; exec "$@"`;

/** Arguments for an `sh` that is the leader of a new process group. */
export const inOwnGroup = (file: string, args: readonly string[] = []): string[] => [
  '-c',
  script,
  'sh',
  file,
  ...args,
];
