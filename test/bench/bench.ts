/** One run of the benchmark: starts everything, measures, and leaves nothing. */
import {basename} from 'node:path';
import type {TestNode} from '../rig/node/test-node.ts';
import {findTools} from '../rig/node/tools.ts';
import {startFloor} from './floor.ts';
import {openDisk, openNodes} from './ground.ts';
import {kniSubject} from './kni-subject.ts';
import {machineOf} from './machine.ts';
import {measureManyRecords} from './many-records.ts';
import {type Durations, measureSteps, measureThroughput} from './measure.ts';
import {residentMb, soak} from './memory.ts';
import {conflistWith} from './network.ts';
import type {BenchOptions} from './options.ts';
import {startOther} from './other-runtime.ts';
import {type Program, startOurs} from './our-runtime.ts';
import type {Figures, SubjectFigures} from './report.ts';
import {summaryOf} from './statistics.ts';
import type {Subject} from './subject.ts';

export interface Running {
  /** The bundled network runtime. */
  readonly file: string;
  readonly signal: AbortSignal;
  /** Says what is being done. */
  readonly say: (line: string) => void;
}

interface Measured {
  readonly subject: Subject;
  readonly pid: number;
}

export const bench = async (options: BenchOptions, {file, signal, say}: Running): Promise<Figures> => {
  const {env, pluginDir} = await findTools();
  const machine = await machineOf(options.node, pluginDir);
  await using disk = await openDisk();
  await using nodes = openNodes(env);
  const program = {file, node: options.node, compileCache: await disk.dir('compiled'), pluginDir};

  const [ourNode, ourState] = [await nodes.start(), await disk.dir('ours')];
  await runOnce(ourNode, program, ourState);
  const ours = await startOurs(ourNode, program, ourState);
  const others = options.against
    ? [await startOther(await nodes.start(), options.against, {disk: await disk.dir('other'), pluginDir})]
    : [];
  const floor = await startFloor(await nodes.start(), conflistWith(await disk.dir('floor')), pluginDir);
  const runtimes: Measured[] = [
    {subject: kniSubject('ours', ours.kni), pid: ours.pid},
    ...others.map(({kni, pid}) => ({subject: kniSubject(basename(options.against?.file ?? ''), kni), pid})),
  ];
  const subjects = [...runtimes.map(({subject}) => subject), floor.chain];

  const startMb = await memoryOf(runtimes);
  say(`${options.cycles} cycles, one pod at a time …`);
  const durations = await measureSteps([...subjects, floor.loopback], options.cycles, signal);
  say(`${options.cycles} cycles, several pods at a time …`);
  const rates = await measureThroughput(subjects, options.cycles, signal);
  const endMb = await memoryOf(runtimes);
  const figuresOf = (subject: Subject): SubjectFigures => ({
    name: subject.name,
    steps: summariesOf(durations.get(subject)),
    ...optional('cyclesPerSecond', rates.get(subject)),
  });

  const [first] = runtimes;
  const soaked =
    first && options.soak > 0
      ? await soak(first.subject, first.pid, {
          cycles: options.soak,
          signal,
          onSample: ({cycles, rssMb}) => say(`soak: ${cycles} cycles, ${rssMb.toFixed(1)} MB`),
        })
      : undefined;
  await ours[Symbol.asyncDispose]();
  for (const other of others) other[Symbol.dispose]();
  if (options.records > 0) say(`${options.records} records …`);
  const manyRecords =
    options.records > 0
      ? await measureManyRecords(await nodes.start(), program, {
          records: options.records,
          stateDir: await disk.dir('many'),
          signal,
        })
      : undefined;
  return {
    machine,
    cycles: options.cycles,
    floor: figuresOf(floor.chain),
    loopback: figuresOf(floor.loopback),
    runtimes: runtimes.map(({subject}, index) => ({
      ...figuresOf(subject),
      memory: {startMb: startMb[index] ?? 0, endMb: endMb[index] ?? 0},
    })),
    ...optional('manyRecords', manyRecords),
    ...optional('soak', soaked),
  };
};

/** A node compiles the program at the first start only: Node.js keeps what it has when that ends. */
const runOnce = async (node: TestNode, program: Program, stateDir: string): Promise<void> => {
  await using runtime = await startOurs(node, program, stateDir);
  await runtime.stop();
};

const memoryOf = (runtimes: readonly Measured[]): Promise<number[]> =>
  Promise.all(runtimes.map(({pid}) => residentMb(pid)));

const summariesOf = (durations: Durations = new Map()): SubjectFigures['steps'] =>
  Object.fromEntries([...durations].map(([step, values]) => [step, summaryOf(values)]));

const optional = <Key extends string, Value>(key: Key, value: Value | undefined): {[K in Key]?: Value} =>
  (value === undefined ? {} : {[key]: value}) as {[K in Key]?: Value};
