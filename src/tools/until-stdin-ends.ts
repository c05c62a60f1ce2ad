/** A program on a node that must end with the process that started it. */

import type {Command} from '../host/host.ts';

/**
 * `docker exec` does not end a program when its client is killed, but closes its standard input. The shell prints an empty line
 * at the start, which shows that the node answers, and returns the exit code of the program.
 */
export const untilStdinEnds = ([file, args]: Command): Command => [
  'sh',
  [
    '-c',
    'exec 3<&0; echo; "$@" </dev/null 3<&- & child=$!; (cat <&3; kill "$child") >/dev/null 2>&1 & wait "$child"',
    'sh',
    file,
    ...args,
  ],
];
