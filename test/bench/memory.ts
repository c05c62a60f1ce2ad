/** How much memory and how many open files a network runtime has, and how they grow. */
import {readdir, readFile} from 'node:fs/promises';
import {runCycles} from './measure.ts';
import {slopeOf} from './statistics.ts';
import type {Subject} from './subject.ts';

/** In MB (1024 × 1024 bytes), as the kernel counts it (proc_pid_status(5)). */
export const residentMb = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (!kilobytes) throw new Error(`process ${pid} has no memory: it has ended`);
  return Number(kilobytes) / 1024;
};

export interface Sample {
  readonly cycles: number;
  readonly rssMb: number;
  readonly files: number;
}

export interface Soak {
  readonly samples: readonly Sample[];
  /** In MB per 10,000 cycles, from the second sample on: the first thousand cycles warm it up. */
  readonly growthMb: number;
}

const every = 1000;

export const soak = async (
  subject: Subject,
  pid: number,
  {cycles, signal, onSample}: {cycles: number; signal: AbortSignal; onSample: (sample: Sample) => void},
): Promise<Soak> => {
  const samples: Sample[] = [];
  const sample = async (done: number) => {
    const taken = {
      cycles: done,
      rssMb: await residentMb(pid),
      files: (await readdir(`/proc/${pid}/fd`)).length,
    };
    samples.push(taken);
    onSample(taken);
  };
  await sample(0);
  for (let done = 0; done < cycles; ) {
    const size = Math.min(every, cycles - done);
    await runCycles(subject, size, signal);
    done += size;
    await sample(done);
  }
  const warm = samples.slice(1).map(({cycles: done, rssMb}) => [done, rssMb] as const);
  return {samples, growthMb: slopeOf(warm) * 10_000};
};
