/** Formats requirements and their results for people. */

import type {ChalkInstance} from 'chalk';
import type {Group, Requirement} from '../conformance/requirement.ts';
import type {Result} from '../conformance/result.ts';
import {failureLines} from '../conformance/text.ts';
import {seconds} from '../duration.ts';
import {oneLine} from '../view/table.ts';
import type {Chosen} from './choose-requirements.ts';
import {wrap} from './wrap.ts';

/** Counts of requirements. */
export interface Summary {
  readonly passed: number;
  readonly failedMust: number;
  readonly failedOther: number;
  readonly skipped: number;
}

const usualWidth = 100;
const leastWidth = 40;

/** Lines of at most `width` columns. The lines after the first one are indented. */
const hanging = (first: string, text: string, width: number): readonly string[] =>
  wrap(text, Math.max(width, leastWidth) - first.length).map(
    (line, index) => `${index === 0 ? first : ' '.repeat(first.length)}${line}`,
  );

/** Writes the results as they come. `columns` is the width of the terminal. */
export const conformanceText = (
  say: (line: string) => void,
  paint: ChalkInstance,
  columns: number = usualWidth,
) => {
  const width = Math.min(columns, usualWidth) - 1;
  let current: Group | undefined;
  const words = {
    passed: paint.green('ok  '),
    failed: paint.red('FAIL'),
    skipped: paint.yellow('skip'),
  } as const;
  return {
    begun(what: string, count: number): void {
      say(`Testing ${what}: ${count === 1 ? '1 requirement' : `${count} requirements`}`);
    },
    starting(group: Group | undefined): void {
      if (group === current || group === undefined) return;
      current = group;
      say('');
      say(paint.bold(`${group.name}: ${group.about}`));
    },
    checked({id, level, title, source}: Requirement, {outcome}: Result): void {
      // The first word is painted afterwards: escape sequences have no width.
      const [first = '', ...more] = hanging(`  ${'?'.repeat(4)} ${id} ${level.padEnd(6)} `, title, width);
      say(`  ${words[outcome.kind]}${first.slice(6)}`);
      for (const line of more) say(line);
      const below =
        outcome.kind === 'passed'
          ? []
          : outcome.kind === 'skipped'
            ? [`reason    ${outcome.reason}`]
            : [...failureLines(outcome.failure), `source    ${source}`];
      for (const line of below)
        for (const part of hanging(`       ${line.slice(0, 10)}`, oneLine(line.slice(10)), width))
          say(paint.dim(part));
    },
    ended({
      passed,
      failedMust,
      failedOther,
      skipped,
      unchecked,
      isPartial,
      ms,
    }: Summary & {unchecked: number; isPartial: boolean; ms: number}): void {
      say('');
      const success = paint.bold.green(isPartial ? 'partly checked' : 'conformant');
      const verdict = failedMust === 0 ? success : paint.bold.red('not conformant');
      say(
        `${verdict}: ${passed} passed, ${failedMust} MUST failed, ${failedOther} SHOULD failed, ${skipped} skipped. ${seconds(ms)}`,
      );
      if (unchecked > 0)
        for (const line of wrap(
          `${unchecked} requirements need a node of their own: kni-demo runtime test DIR, or --exec FILE`,
          width,
        ))
          say(line);
    },
  };
};

/** The list of requirements, by group. */
export const requirementsText = (chosen: readonly Chosen[], paint: ChalkInstance): readonly string[] => {
  const lines: string[] = [];
  let current: Group | undefined;
  for (const {group, requirement} of chosen) {
    if (group !== current) lines.push(...(current ? [''] : []), paint.bold(`${group.name}: ${group.about}`));
    current = group;
    lines.push(
      ...hanging(`  ${requirement.id} ${requirement.level.padEnd(6)} `, requirement.title, usualWidth),
    );
  }
  return lines;
};
