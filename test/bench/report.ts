/** The figures as a text for people. */
import type {Machine} from './machine.ts';
import type {ManyRecords} from './many-records.ts';
import type {Soak} from './memory.ts';
import type {Summary} from './statistics.ts';
import {lanes, type Step, steps} from './subject.ts';

export interface SubjectFigures {
  readonly name: string;
  /** ms, one pod at a time. */
  readonly steps: Readonly<Partial<Record<Step, Summary>>>;
  /** Full cycles, with several pods at a time. */
  readonly cyclesPerSecond?: number;
  readonly memory?: {readonly startMb: number; readonly endMb: number};
}

export interface Figures {
  readonly machine: Machine;
  readonly cycles: number;
  readonly floor: SubjectFigures;
  readonly loopback: SubjectFigures;
  /** Ours first, then the other one, if there is one. */
  readonly runtimes: readonly SubjectFigures[];
  readonly manyRecords?: ManyRecords;
  readonly soak?: Soak;
}

/** The Go runtime that KNI began with, as it was measured once on another day: not part of this run. */
const original = {
  steps: {Create: 2.0, Attach: 43, Query: 1.4, Detach: 83, Delete: 2.6} satisfies Record<Step, number>,
  cyclesPerSecond: 11.8,
  rssMb: 17,
} as const;
const originalTitle = 'original*';

export const reportOf = (figures: Figures): string => {
  const {machine, cycles, floor, loopback, runtimes, manyRecords, soak} = figures;
  const {cpu, cores, kernel, node, plugins, load} = machine;
  const stepRows = steps.map((step) => [
    step,
    timing(floor.steps[step]),
    ...runtimes.flatMap((runtime) => [
      timing(runtime.steps[step]),
      percent(runtime.steps[step], floor.steps[step]),
    ]),
    original.steps[step].toFixed(1),
  ]);
  const loopbackRows = (['Attach', 'Detach'] as const).map((step) => [
    `loopback ${step === 'Attach' ? 'ADD' : 'DEL'}`,
    timing(loopback.steps[step]),
  ]);
  const titles = ['', floor.name, ...runtimes.flatMap(({name}) => [name, 'of floor']), originalTitle];
  const perSecond = [
    'cycles/s',
    rate(floor),
    ...runtimes.flatMap((runtime) => [rate(runtime), '']),
    String(original.cyclesPerSecond),
  ];
  const memory = [
    'RSS',
    '',
    ...runtimes.flatMap(({memory: used}) => [
      used ? `${used.startMb.toFixed(1)} → ${used.endMb.toFixed(1)}` : '–',
      '',
    ]),
    String(original.rssMb),
  ];
  return [
    `${cpu}, ${cores} cores, Linux ${kernel}, Node.js ${node}, CNI plugins ${plugins}, load ${load.toFixed(1)}`,
    ...(load > cores / 2
      ? ['The machine had other work before this began: compare columns, do not quote them.']
      : []),
    '',
    `One pod at a time, ${cycles} cycles: median / p99 in ms. The floor is the plugins run by hand.`,
    ...table([titles, ...stepRows, ...loopbackRows]),
    '',
    `${lanes} pods at a time, ${cycles} cycles: full cycles a second. RSS in MB: after the start → after all cycles.`,
    ...table([titles, perSecond, memory]),
    '',
    ...(manyRecords ? [manyRecordsLine(manyRecords), ''] : []),
    ...(soak ? [...soakLines(soak), ''] : []),
    '* The first Go runtime on the same kind of machine, from our notes: not measured in this run.',
    '',
  ].join('\n');
};

const timing = (summary: Summary | undefined): string =>
  summary ? `${summary.median.toFixed(2)} / ${summary.p99.toFixed(2)}` : '–';

const percent = (summary: Summary | undefined, floor: Summary | undefined): string =>
  summary && floor ? `${((100 * summary.median) / floor.median).toFixed(1)} %` : '';

const rate = ({cyclesPerSecond}: SubjectFigures): string => cyclesPerSecond?.toFixed(1) ?? '–';

const manyRecordsLine = ({records, query, start, rssMb}: ManyRecords): string =>
  `With ${records} pods: Query ${timing(query)} ms, start to first answer ${timing(start)} ms (${start.count} starts), RSS ${rssMb.toFixed(1)} MB.`;

const soakLines = ({samples, growthMb}: Soak): string[] => [
  `Memory over ${samples.at(-1)?.cycles ?? 0} cycles: it grows by ${growthMb.toFixed(2)} MB in 10,000 cycles.`,
  ...table([
    ['cycles', ...samples.map(({cycles}) => String(cycles))],
    ['RSS MB', ...samples.map(({rssMb}) => rssMb.toFixed(1))],
    ['files', ...samples.map(({files}) => String(files))],
  ]),
];

/** The first column to the left, all others to the right. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({length: columns}, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};
