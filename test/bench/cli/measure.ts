/** Measures programs: wall time, and the CPU time of the process and its children. */
import type {Command, Host} from '../../../src/host/host.ts';
import {median} from '../statistics.ts';

export interface Sample {
  /** Milliseconds. */
  readonly wall: number;
  /** Milliseconds of user and system time. Programs in other process trees, such as the docker engine, are not in it. */
  readonly cpu: number;
}

export interface Row {
  readonly what: string;
  readonly runs: number;
  readonly wall: number;
  readonly cpu: number;
}

export interface Subject {
  readonly what: string;
  readonly command: Command;
  /** Runs before each measurement. */
  readonly before?: () => Promise<unknown>;
  readonly input?: string;
}

/** Rejects with CommandError when the program fails. */
export const measure = async (
  host: Host,
  {command: [file, args], input}: Subject,
  signal: AbortSignal,
): Promise<Sample> => {
  const script = 'TIMEFORMAT="%R %U %S"; exec 3>&2; time "$@" >/dev/null 2>&3';
  const {stderr} = await host.run(['bash', ['-ec', script, 'bash', file, ...args]], {
    signal,
    ...(input !== undefined && {input}),
  });
  const seconds = (stderr.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN] = seconds;
  return {wall: wall * 1_000, cpu: (user + system) * 1_000};
};

/** Measures the subjects in turn, so that other load on the machine reaches all of them. Returns the medians. */
export const compare = async (
  host: Host,
  subjects: readonly Subject[],
  runs: number,
  signal: AbortSignal,
): Promise<readonly Row[]> => {
  const samples = subjects.map((): Sample[] => []);
  for (let run = 0; run < runs; run += 1) {
    for (const [index, subject] of subjects.entries()) {
      await subject.before?.();
      samples[index]?.push(await measure(host, subject, signal));
    }
  }
  return subjects.map(({what}, index) => {
    const of = samples[index] ?? [];
    return {what, runs, wall: median(of.map(({wall}) => wall)), cpu: median(of.map(({cpu}) => cpu))};
  });
};

/** Lines of a table. Ratios are of CPU time, which other load changes less. */
export const table = (rows: readonly Row[]): string => {
  const [first] = rows;
  return rows
    .map(({what, runs, wall, cpu}) => {
      const ratio = first === undefined ? '' : (cpu / first.cpu).toFixed(2);
      return `| ${what} | ${runs} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} | ${ratio} |\n`;
    })
    .join('');
};
