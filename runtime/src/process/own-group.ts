/**
 * Starts a program that has the id of its process group in its environment. Whatever it starts inherits that, so that a process
 * which has left the group on purpose, such as a daemon in its own session, differs from one that was left behind.
 */

export const groupVariable = 'KNI_PGID';

/** A process cannot have its own pid in its environment before it exists; a shell that becomes the program can. */
const script = `${groupVariable}=$$; export ${groupVariable}; exec "$@"`;

/** Arguments for `sh`, started as leader of a process group. */
export const inOwnGroup = (file: string, args: readonly string[] = []): string[] => [
  '-c',
  script,
  'sh',
  file,
  ...args,
];
