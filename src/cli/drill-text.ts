/** Drills as text for a talk: short lines, at most 79 columns. */

import type {ChalkInstance} from 'chalk';
import type {Check, Drill, Measurement, Question, Verdict} from '../drills/drill.ts';
import {reviewAddress} from '../drills/questions.ts';
import {seconds} from '../duration.ts';
import {columns, oneLine} from '../view/table.ts';
import {wrap} from './wrap.ts';

const usualWidth = 79;
/** A narrower terminal breaks the lines itself. */
const leastWidth = 32;

/** Writes a drill as it runs. */
export const drillText = (
  say: (line: string) => void,
  paint: ChalkInstance,
  terminalWidth: number = usualWidth,
) => {
  const width = Math.max(leastWidth, Math.min(terminalWidth, usualWidth));
  const wrapped = (text: string, indent: string, dye = (line: string) => line): void => {
    for (const line of wrap(oneLine(text), width - indent.length)) say(`${indent}${dye(line)}`);
  };
  const headed = (title: string, {asks, quote}: Question): void => {
    say('');
    wrapped(title, '', paint.bold);
    say('');
    wrapped(asks, '  ');
    if (quote !== undefined) {
      wrapped(`"${quote.text}"`, '    ', paint.dim);
      wrapped(quote.by, '    ', paint.dim);
      wrapped(reviewAddress, '    ', paint.dim);
    }
  };
  return {
    headed,
    begun: ({name, shows, question}: Drill): void => headed(`DRILL ${name}: ${shows}`, question),
    stepBegun: (number: number, title: string, commands: readonly string[]): void => {
      say('');
      wrapped(`${number}. ${title}`, '', paint.bold);
      for (const line of commands.flatMap((each) => commandLines(each, width))) say(`   ${paint.cyan(line)}`);
    },
    checked: ({source, claim, holds, saw}: Check): void => {
      wrapped(`${holds ? '+' : '-'} ${claim}`, '   ', holds ? paint.green : paint.red);
      wrapped(`${source}: ${saw}`, '     ');
    },
    restoring: (): void => {
      say('');
    },
    restored: (line: string): void => wrapped(line, '   ', paint.dim),
    verdict: ({drill, passed, ms, checks, failed, measurements, left}: Verdict): void => {
      say('');
      const word = passed ? paint.bold.green('PASS') : paint.bold.red('FAIL');
      say(`${word}  ${drill}: ${checks - failed.length} of ${checks} checks hold, ${seconds(ms)}`);
      if (measurements.length > 0) wrapped(measurements.map(measurementText).join(' · '), '      ');
      for (const {claim, source, saw} of failed)
        wrapped(`- ${claim} (${source}: ${saw})`, '      ', paint.red);
      if (left.length === 0) wrapped('the worker is as it was before', '      ', paint.dim);
      for (const each of left) wrapped(`- left behind: ${each}`, '      ', paint.red);
    },
  };
};

/** Long commands are continued, so that they can be copied. A line that begins with # is a comment. */
const commandLines = (command: string, width: number): readonly string[] => {
  if (command.startsWith('# ')) return wrap(command.slice(2), width - 7).map((line) => `  # ${line}`);
  const [first = '', ...more] = wrap(command, width - 9);
  return [`$ ${first}`, ...more.map((line) => `    ${line}`)].map((line, index) =>
    index < more.length ? `${line} \\` : line,
  );
};

const measurementText = ({what, value, unit}: Measurement): string =>
  unit === 'ms' && value >= 1_000 ? `${what} ${seconds(value)}` : `${what} ${value} ${unit}`;

/** Two lines for each drill. */
export const drillsText = (drills: readonly Drill[], paint: ChalkInstance): readonly string[] => {
  const rows = columns(drills.map(({name, shows}) => [name, shows]));
  return [
    ...drills.flatMap(({question}, index) => [rows[index] ?? '', paint.dim(`  ${question.asks}`)]),
    '',
    'Run one: kni-demo drill readiness',
    'Run all: kni-demo drill --all',
  ];
};
