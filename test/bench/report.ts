/** The figures as a text for people. */
import type {Machine} from './machine.ts';
import type {ManyRecords} from './many-records.ts';
import type {Summary} from './statistics.ts';
import {lanes, rpcOf, type Step, steps} from './subject.ts';
import type {Soak} from './usage.ts';

export interface SubjectFigures {
  readonly name: string;
  /** ms, one pod at a time. */
  readonly steps: Readonly<Partial<Record<Step, Summary>>>;
  /** Full cycles, with several pods at a time. */
  readonly cyclesPerSecond?: number;
  readonly memory?: {readonly startMb: number; readonly endMb: number};
  /** ms for each cycle, one pod at a time, without plugins and other children. */
  readonly cpu?: {readonly processMs: number; readonly mainThreadMs: number};
  /** ms from the start of the process to the first answer. */
  readonly start?: Summary;
}

export interface Figures {
  readonly machine: Machine;
  readonly cycles: number;
  /** libcni without a network runtime. */
  readonly floor: SubjectFigures;
  /** The loopback plugin: ADD as Attach, DEL as Detach. */
  readonly loopback: SubjectFigures;
  /** Ours first, then the other one, if there is one. */
  readonly runtimes: readonly SubjectFigures[];
  readonly manyRecords?: ManyRecords;
  readonly soak?: Soak;
}

export const reportOf = ({
  machine,
  cycles,
  floor,
  loopback,
  runtimes,
  manyRecords,
  soak,
}: Figures): string => {
  const {date, commit, cpu, cores, kernel, node, plugins, load} = machine;
  const [ours, other] = runtimes;
  /** A row with one cell for each subject, then the ratios of `valueOf`. */
  const row = (
    title: string,
    show: (figures: SubjectFigures) => string,
    valueOf: (figures: SubjectFigures) => number | undefined,
  ): string[] => [
    title,
    ...[floor, ...runtimes].map(show),
    ...runtimes.map((runtime) => ratio(valueOf(runtime), valueOf(floor))),
    ...(ours && other ? [ratio(valueOf(ours), valueOf(other))] : []),
  ];
  const titles = [
    '',
    ...[floor, ...runtimes].map(({name}) => name),
    ...runtimes.map(({name}) => `${name} ÷ ${floor.name}`),
    ...(ours && other ? [`${ours.name} ÷ ${other.name}`] : []),
  ];
  return [
    `${date}, commit ${commit}: ${cpu}, ${cores} cores, Linux ${kernel}, Node.js ${node}, CNI plugins ${plugins}, load ${load.toFixed(1)}`,
    ...(load > cores / 2 ? ['The machine had other work when this began: compare columns only.'] : []),
    '',
    `One pod at a time, ${cycles} cycles: median / p90 / p99 in ms, and ratios of the medians.`,
    ...table([
      titles,
      ...steps.map((step) =>
        row(
          rpcOf[step],
          (figures) => timing(figures.steps[step]),
          (figures) => figures.steps[step]?.median,
        ),
      ),
      ...(['Attach', 'Detach'] as const).map((step) => [
        `loopback ${step === 'Attach' ? 'ADD' : 'DEL'}`,
        timing(loopback.steps[step]),
      ]),
    ]),
    '',
    `${lanes} pods at a time, ${cycles} cycles. CPU time: of the process without plugins, one pod at a time.`,
    ...table([
      titles,
      row('cycles per second', ...oneOf((figures) => figures.cyclesPerSecond)),
      row('CPU ms per cycle', ...oneOf(({cpu: used}) => used?.processMs)),
      row('of them main thread', ...oneOf(({cpu: used}) => used?.mainThreadMs)),
      row(
        'ms to first answer',
        ({start}) => timing(start),
        ({start}) => start?.median,
      ),
      row('RSS MB after start', ...oneOf(({memory}) => memory?.startMb)),
      row('RSS MB after all cycles', ...oneOf(({memory}) => memory?.endMb)),
    ]),
    '',
    ...(manyRecords ? [manyRecordsLine(manyRecords), ''] : []),
    ...(soak ? [...soakLines(soak), ''] : []),
  ].join('\n');
};

const oneOf = (valueOf: (figures: SubjectFigures) => number | undefined) =>
  [(figures: SubjectFigures) => valueOf(figures)?.toFixed(1) ?? '–', valueOf] as const;

const timing = (summary: Summary | undefined): string =>
  summary
    ? [summary.median, summary.p90, summary.p99].map((ms) => ms.toFixed(ms < 100 ? 2 : 0)).join(' / ')
    : '–';

const ratio = (value: number | undefined, by: number | undefined): string =>
  value === undefined || !by ? '' : (value / by).toFixed(2);

const manyRecordsLine = ({records, query, start, rssMb}: ManyRecords): string =>
  `With ${records} pods: QueryPodNetwork ${timing(query)} ms, start to first answer ${timing(start)} ms (${start.count} starts), RSS ${rssMb.toFixed(1)} MB.`;

const soakLines = ({samples, growthMb}: Soak): string[] => [
  `Memory over ${samples.at(-1)?.cycles ?? 0} cycles: it grows by ${growthMb.toFixed(2)} MB in 10,000 cycles.`,
  ...table([
    ['cycles', ...samples.map(({cycles}) => String(cycles))],
    ['RSS MB', ...samples.map(({rssMb}) => rssMb.toFixed(1))],
    ['files', ...samples.map(({files}) => String(files))],
  ]),
];

/** In Markdown, for the documentation. Aligns the first column to the left, and all others to the right. */
const table = ([titles = [], ...rows]: readonly (readonly string[])[]): string[] => {
  const widths = titles.map((title, column) =>
    Math.max(title.length, 2, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? (row[0] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, column) => `${'-'.repeat(width - 1)}${column === 0 ? '-' : ':'}`);
  return ['', line(titles), line(rule), ...rows.map(line)];
};
