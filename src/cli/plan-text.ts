/** Formats a plan: as text, as JSON, as a Mermaid flowchart and as a DOT graph. */

import type {ChalkInstance} from 'chalk';
import {oneLine} from '../view/table.ts';

const states = ['done', 'would-run', 'would-fail', 'unknown', 'not-needed'] as const;
export type PlanState = (typeof states)[number];

export interface PlanRow {
  /** `build/node-image` */
  readonly id: string;
  readonly stage: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly state: PlanState;
  readonly reason: string;
}

export interface PlanReport {
  readonly stack: string;
  readonly cluster: string;
  readonly tasks: readonly PlanRow[];
}

const words: Readonly<Record<PlanState, string>> = {
  done: 'done',
  'would-run': 'would run',
  'would-fail': 'would fail',
  unknown: 'unknown',
  'not-needed': 'not needed',
};

/** Lines of at most `width` columns: each stage, below it each task with its state and reason, below that its needs. */
export const planText = (
  {tasks}: PlanReport,
  {paint, width}: {readonly paint: ChalkInstance; readonly width: number},
): readonly string[] => {
  const colours: Record<PlanState, (text: string) => string> = {
    done: paint.green,
    'would-run': paint.yellow,
    'would-fail': paint.red,
    unknown: paint.magenta,
    'not-needed': paint.dim,
  };
  const longest = Math.max(...tasks.map(({id}) => nameOf(id).length));
  return [
    ...stagesOf(tasks).flatMap(([stage, rows]) => [
      paint.bold(stage),
      ...rows.flatMap(({id, state, reason, needs}) => [
        ...wrap(`${nameOf(id).padEnd(longest)}  ${words[state]}: ${oneLine(reason)}`, {
          width,
          indent: 2,
          hanging: 6,
        }).map((line) => line.replace(`  ${words[state]}:`, `  ${colours[state](words[state])}:`)),
        ...(needs.length === 0
          ? []
          : wrap(`needs ${needs.map((need) => shortName(need, stage)).join(', ')}`, {
              width,
              indent: 6,
              hanging: 12,
            }).map((line) => paint.dim(line))),
      ]),
    ]),
    '',
    `${tasks.length} tasks: ${countsText(tasks)}`,
  ];
};

const countsText = (tasks: readonly PlanRow[]): string =>
  states
    .map((state) => [words[state], tasks.filter((task) => task.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ');

const nameOf = (id: string): string => id.slice(id.indexOf('/') + 1);
/** Without the stage, if that is the stage of the task itself. */
const shortName = (id: string, stage: string): string => (id.startsWith(`${stage}/`) ? nameOf(id) : id);

const stagesOf = (tasks: readonly PlanRow[]): readonly (readonly [string, readonly PlanRow[]])[] =>
  [...new Set(tasks.map(({stage}) => stage))].map((stage) => [
    stage,
    tasks.filter((task) => task.stage === stage),
  ]);

/** Breaks a line at blanks. A word that is too long stays whole, so that it can be copied. */
const wrap = (
  text: string,
  {width, indent, hanging}: {readonly width: number; readonly indent: number; readonly hanging: number},
): readonly string[] => {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const room = width - (lines.length === 1 ? indent : hanging);
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index) => `${' '.repeat(index === 0 ? indent : hanging)}${line}`);
};

const fills: Readonly<Record<PlanState, string>> = {
  done: '#c8e6c9',
  'would-run': '#fff3c4',
  'would-fail': '#ffcdd2',
  unknown: '#e1bee7',
  'not-needed': '#eeeeee',
};

/** An id that Mermaid accepts. */
const key = (id: string): string => id.replaceAll(/\W/g, '_');

/** https://mermaid.js.org/syntax/flowchart.html */
export const planMermaid = ({tasks}: PlanReport): readonly string[] => {
  return [
    'flowchart LR',
    ...stagesOf(tasks).flatMap(([stage, rows]) => [
      `  subgraph ${stage}`,
      ...rows.map(({id, state}) => `    ${key(id)}["${nameOf(id)}<br/>${words[state]}"]:::${key(state)}`),
      '  end',
    ]),
    ...tasks.flatMap(({id, needs}) => needs.map((need) => `  ${key(need)} --> ${key(id)}`)),
    ...states.map((state) => `  classDef ${key(state)} fill:${fills[state]},color:#000`),
  ];
};

/** https://graphviz.org/doc/info/lang.html */
export const planDot = ({tasks}: PlanReport): readonly string[] => [
  'digraph plan {',
  '  rankdir=LR; node [shape=box, style=filled];',
  ...stagesOf(tasks).flatMap(([stage, rows]) => [
    `  subgraph "cluster_${stage}" {`,
    `    label="${stage}";`,
    ...rows.map(
      ({id, state}) => `    "${id}" [label="${nameOf(id)}\\n${words[state]}", fillcolor="${fills[state]}"];`,
    ),
    '  }',
  ]),
  ...tasks.flatMap(({id, needs}) => needs.map((need) => `  "${need}" -> "${id}";`)),
  '}',
];
