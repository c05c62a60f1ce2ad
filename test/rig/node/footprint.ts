/** Memory and descriptors of a process. */
import {readdir, readFile} from 'node:fs/promises';

export interface Footprint {
  readonly descriptors: number;
  /** Of those, the ones that are not for a child process that waits for work. */
  readonly ownDescriptors: number;
  readonly megabytes: number;
}

/** Its stdin and stdout, and two fifos. */
const descriptorsOfShell = 4;

export const footprintOf = async (pid: number | undefined): Promise<Footprint> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
  const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
  return {
    descriptors,
    ownDescriptors: descriptors - children.length * descriptorsOfShell,
    megabytes: Number(kilobytes) / 1024,
  };
};
