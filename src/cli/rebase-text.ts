/** Shows the result of a rebase: one line for each patch, file and hunk. */

import type {ChalkInstance} from 'chalk';
import type {RebasedFile, RebaseResult} from '../patches/rebase-file.ts';
import type {RebasedPatch} from '../patches/rebase-series.ts';
import {columns, oneLine} from '../view/table.ts';
import {mismatchText} from './series-check-text.ts';

/** `+` rebased, `!` rebased but doubtful, `-` rejected. */
type Mark = '+' | '!' | '-';

export const rebaseText = (patches: readonly RebasedPatch[], paint: ChalkInstance): readonly string[] => {
  const colours = {'+': paint.green, '!': paint.yellow, '-': paint.red};
  return patches.flatMap((patch) => {
    const mark = worst(patch.files.flatMap(marksOf));
    const isEmpty = patch.text === undefined && patch.rejected === undefined;
    return [
      `${colours[mark](mark)} ${oneLine(patch.name)}${isEmpty ? '  the new release has all of it' : ''}`,
      ...patch.files.flatMap(({path, problem, hunks}) => {
        const rows = columns(hunks.map(({hunk, result}) => [hunk.title, resultText(result)]));
        return [
          `    ${oneLine(path)}${problem === undefined ? '' : paint.red(`  ${problem}`)}`,
          ...hunks.map(({result}, index) => {
            const line = `      ${rows[index]}`;
            return markOf(result) === '+' ? line : colours[markOf(result)](line);
          }),
        ];
      }),
    ];
  });
};

const resultText = (result: RebaseResult): string => {
  if (result.kind === 'present') return 'the new release has it';
  if (result.kind === 'merged') return `merged at line ${result.line}: check it`;
  if (result.kind === 'rejected')
    return `rejected${result.mismatch ? `: ${mismatchText(result.mismatch)}` : ''}`;
  const {line, offset, fuzz, alsoAt} = result;
  const moved = offset === 0 ? '' : `, offset ${offset}`;
  const doubt = fuzz > 0 ? `, with fuzz ${fuzz}` : alsoAt ? `, and also at line ${alsoAt}` : '';
  return `fits at line ${line}${moved}${doubt}${doubt === '' ? '' : ': check it'}`;
};

const markOf = (result: RebaseResult): Mark => {
  if (result.kind === 'rejected') return '-';
  if (result.kind === 'merged') return '!';
  return result.kind === 'applied' && (result.fuzz > 0 || result.alsoAt !== undefined) ? '!' : '+';
};

const marksOf = ({problem, hunks}: RebasedFile): readonly Mark[] => [
  problem === undefined ? '+' : '-',
  ...hunks.map(({result}) => markOf(result)),
];

const worst = (marks: readonly Mark[]): Mark => (marks.includes('-') ? '-' : marks.includes('!') ? '!' : '+');

export const rebaseCounts = (patches: readonly RebasedPatch[]) => {
  const marks = patches.flatMap(({files}) =>
    files.flatMap(({hunks}) => hunks.map(({result}) => markOf(result))),
  );
  const count = (mark: Mark): number => marks.filter((each) => each === mark).length;
  return {hunks: marks.length, doubtful: count('!'), rejected: count('-')};
};
