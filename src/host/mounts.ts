/** Mount points in this process's mount namespace. */

import {readFile, realpath} from 'node:fs/promises';
import {exists} from '../cache/files.ts';

/**
 * The mount points at and below a directory, in the order in which they can be unmounted. Without the unreachable ones, which a later
 * mount on a parent directory hides.
 */
export const mountPointsIn = async (directory: string): Promise<readonly string[]> => {
  const real = await realpath(directory).catch(() => directory);
  const points = mountPoints(await readFile('/proc/self/mountinfo', 'utf8'))
    .filter((point) => point === real || point.startsWith(`${real}/`))
    .reverse();
  const reachable = await Promise.all(points.map(exists));
  return points.filter((_, index) => reachable[index]);
};

/** The fifth field of each line of mountinfo; proc_pid_mountinfo(5). */
const mountPoints = (mountinfo: string): readonly string[] =>
  mountinfo
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .map(unescapeOctal);

/** mountinfo writes space, tab, newline and backslash in octal: `\040`. */
const unescapeOctal = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
