/** One run of the benchmark: starts everything, measures, and leaves nothing. */
import {findTools} from '../rig/node/tools.ts';
import {buildClient} from './build-client.ts';
import {type Ask, startClient} from './client.ts';
import {openDisk, openNodes} from './ground.ts';
import {machineOf} from './machine.ts';
import {measureManyRecords} from './many-records.ts';
import {type Durations, measureSteps, measureThroughput, rotated} from './measure.ts';
import {conflistText, loopbackText} from './network.ts';
import type {BenchOptions} from './options.ts';
import {otherRuntime} from './other-runtime.ts';
import {ourRuntime} from './our-runtime.ts';
import {type Program, type Runtime, startProgram} from './program.ts';
import type {Figures, SubjectFigures} from './report.ts';
import {summaryOf} from './statistics.ts';
import {type Subject, steps} from './subject.ts';
import {cpuTimeOf, residentMb, soak} from './usage.ts';

export interface Running {
  /** The bundled network runtime. */
  readonly file: string;
  /** The directory of the client's Go files. */
  readonly clientSources: string;
  readonly signal: AbortSignal;
  /** Says what is being done. */
  readonly say: (line: string) => void;
}

export const bench = async (
  options: BenchOptions,
  {file, clientSources, signal, say}: Running,
): Promise<Figures> => {
  await using disk = await openDisk();
  say('building the client …');
  const client = await buildClient(clientSources, await disk.dir('client'), signal);
  const {env, pluginDir} = await findTools();
  const machine = await machineOf(options.node, pluginDir);
  await using nodes = openNodes(env);

  const floorNode = await nodes.start();
  const ask = await startClient(floorNode, client);
  const openPlugins = async (name: string, config: string, ifName: string): Promise<Subject> => {
    const cacheDir = await disk.dir(name);
    return {name, id: (await ask({kind: 'plugins', config, pluginDir, cacheDir, ifName})).subject};
  };
  const floor = await openPlugins('libcni', conflistText(await disk.dir('leases')), 'eth0');
  const loopback = await openPlugins('loopback', loopbackText, 'lo');

  const bundle = {file, node: options.node, compileCache: await disk.dir('compiled'), pluginDir};
  const programs = [await ourRuntime(await nodes.start(), bundle, await disk.dir('ours'))];
  if (options.against)
    programs.push(
      await otherRuntime(await nodes.start(), options.against, {disk: await disk.dir('other'), pluginDir}),
    );
  say(`${starts} starts …`);
  const startMs = await measureStarts(programs, ask, signal);
  const runtimes: Runtime[] = [];
  for (const program of programs) runtimes.push(await startProgram(program, ask));
  const subjects = [...runtimes.map(({subject}) => subject), floor];

  const startMb = await inEach(runtimes, residentMb);
  // Only the first cycle has to make the bridge.
  for (const {id} of [...subjects, loopback]) await ask({kind: 'run', subject: id, cycles: 1, lanes: 1});
  const measuring = {ask, cycles: options.cycles, signal};
  say(`${options.cycles} cycles, one pod at a time …`);
  const cpuBefore = await inEach(runtimes, cpuTimeOf);
  const durations = await measureSteps([...subjects, loopback], measuring);
  const cpuAfter = await inEach(runtimes, cpuTimeOf);
  say(`${options.cycles} cycles, several pods at a time …`);
  const rates = await measureThroughput(subjects, measuring);
  const endMb = await inEach(runtimes, residentMb);
  const figuresOf = (subject: Subject): SubjectFigures => ({
    name: subject.name,
    steps: summariesOf(durations.get(subject)),
    ...optional('cyclesPerSecond', rates.get(subject)),
  });
  const perCycle = (index: number, which: 'process' | 'mainThread'): number =>
    ((cpuAfter[index]?.[which] ?? 0) - (cpuBefore[index]?.[which] ?? 0)) / options.cycles;

  const [ours] = runtimes;
  const soaked =
    ours && options.soak > 0
      ? await soak(ours.subject, ours.pid, {
          ...measuring,
          cycles: options.soak,
          onSample: ({cycles, rssMb}) => say(`soak: ${cycles} cycles, ${rssMb.toFixed(1)} MB`),
        })
      : undefined;
  for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
  if (options.records > 0) say(`${options.records} records …`);
  const manyRecords =
    options.records > 0
      ? await measureManyRecords(await nodes.start(), bundle, {
          ask,
          records: options.records,
          stateDir: await disk.dir('many'),
          signal,
        })
      : undefined;
  return {
    machine,
    cycles: options.cycles,
    floor: figuresOf(floor),
    loopback: figuresOf(loopback),
    runtimes: runtimes.map(({subject}, index) => ({
      ...figuresOf(subject),
      memory: {startMb: startMb[index] ?? 0, endMb: endMb[index] ?? 0},
      cpu: {processMs: perCycle(index, 'process'), mainThreadMs: perCycle(index, 'mainThread')},
      start: summaryOf(startMs[index] ?? []),
    })),
    ...optional('manyRecords', manyRecords),
    ...optional('soak', soaked),
  };
};

const starts = 10;

/** ms from the start of the process to the first answer. */
const measureStarts = async (
  programs: readonly Program[],
  ask: Ask,
  signal: AbortSignal,
): Promise<number[][]> => {
  const measured = new Map(programs.map((program) => [program, [] as number[]]));
  // The first round does not count: Node.js keeps the code that it compiled when it ends.
  for (let round = 0; round <= starts; round++) {
    for (const program of rotated(programs, round)) {
      signal.throwIfAborted();
      await using runtime = await startProgram(program, ask);
      if (round > 0) measured.get(program)?.push(runtime.startMs);
      await runtime.stop();
    }
  }
  return [...measured.values()];
};

const inEach = <T>(runtimes: readonly Runtime[], read: (pid: number) => Promise<T>): Promise<T[]> =>
  Promise.all(runtimes.map(({pid}) => read(pid)));

const summariesOf = (durations: Durations = new Map()): SubjectFigures['steps'] =>
  Object.fromEntries(
    steps.flatMap((step) => {
      const values = durations.get(step);
      return values ? [[step, summaryOf(values)]] : [];
    }),
  );

const optional = <Key extends string, Value>(key: Key, value: Value | undefined): {[K in Key]?: Value} =>
  (value === undefined ? {} : {[key]: value}) as {[K in Key]?: Value};
