/** CPU time, memory and open files of a network runtime. */
import {readdir, readFile} from 'node:fs/promises';
import {type Measuring, measureThroughput} from './measure.ts';
import {slopeOf} from './statistics.ts';
import type {Subject} from './subject.ts';

/** In MB (1024 × 1024 bytes), as the kernel counts it (proc_pid_status(5)). */
export const residentMb = async (pid: number): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (!kilobytes) throw new Error(`process ${pid} has no memory: it has ended`);
  return Number(kilobytes) / 1024;
};

/** In ms. The time of plugins and other children does not count. */
export interface CpuTime {
  readonly process: number;
  readonly mainThread: number;
}

export const cpuTimeOf = async (pid: number): Promise<CpuTime> => ({
  process: cpuMsIn(await readFile(`/proc/${pid}/stat`, 'utf8')),
  mainThread: cpuMsIn(await readFile(`/proc/${pid}/task/${pid}/stat`, 'utf8')),
});

/** The kernel counts in ticks of 10 ms on all architectures of the demo: `utime` and `stime` in proc_pid_stat(5). */
const cpuMsIn = (stat: string): number => {
  // The second field is a name that may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
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
  {cycles, onSample, ...measuring}: Measuring & {readonly onSample: (sample: Sample) => void},
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
    await measureThroughput([subject], {...measuring, cycles: size});
    done += size;
    await sample(done);
  }
  const warm = samples.slice(1).map(({cycles: done, rssMb}) => [done, rssMb] as const);
  return {samples, growthMb: slopeOf(warm) * 10_000};
};
