/** What a process takes up. */
import {readdir, readFile} from 'node:fs/promises';

export interface Footprint {
  readonly descriptors: number;
  readonly megabytes: number;
}

export const footprintOf = async (pid: number | undefined): Promise<Footprint> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return {descriptors: (await readdir(`/proc/${pid}/fd`)).length, megabytes: Number(kilobytes) / 1024};
};
