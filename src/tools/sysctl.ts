/** Reads and writes kernel settings as files below /proc/sys, because some machines lack the program sysctl. */

import type {Command} from '../host/host.ts';

const printEach = 'for name; do [ ! -e "/proc/sys/$name" ] || echo "$name $(cat "/proc/sys/$name")"; done';

/** Prints `net/ipv4/ip_forward 1` for each setting that the kernel has. */
export const printSettings = (names: readonly string[]): Command => ['sh', ['-c', printEach, 'sh', ...names]];

export const parseSettings = (stdout: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ', 2)),
  );

export const changeSetting = (name: string, value: string): Command => [
  'sh',
  ['-c', 'echo "$2" >"/proc/sys/$1"', 'sh', name, value],
];
