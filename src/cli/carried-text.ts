/** What came of a series on its way to another release, for people. */

import type {ChalkInstance} from 'chalk';
import type {CarriedFile} from '../patches/carry-file.ts';
import type {CarryResult} from '../patches/carry-hunk.ts';
import type {CarriedPatch} from '../patches/carry-series.ts';
import {columns, oneLine} from '../view/table.ts';
import {mismatchText} from './series-check-text.ts';

/** `+` carried, `!` carried but to be looked at, `-` rejected. */
type Mark = '+' | '!' | '-';

/** A line for each patch, each file and each hunk. */
export const carriedText = (
  patches: readonly CarriedPatch[],
  homeless: ReadonlySet<string>,
  paint: ChalkInstance,
): readonly string[] => {
  const colours = {'+': paint.green, '!': paint.yellow, '-': paint.red};
  return patches.flatMap((patch) => {
    const mark = worst(patch.files.flatMap((file) => marksOf(file, homeless)));
    const isEmpty = patch.text === undefined && patch.rejected === undefined;
    return [
      `${colours[mark](mark)} ${oneLine(patch.name)}${isEmpty ? '  the new release has all of it' : ''}`,
      ...patch.files.flatMap((file) => {
        const rows = columns(file.hunks.map(({hunk, result}) => [hunk.title, resultText(result)]));
        const remark = remarkOn(file, homeless);
        return [
          `    ${oneLine(file.path)}${remark === '' ? '' : colours[worst(marksOf(file, homeless))](`  ${remark}`)}`,
          ...file.hunks.map(({result}, index) => {
            const line = `      ${rows[index]}`;
            return markOf(result) === '+' ? line : colours[markOf(result)](line);
          }),
        ];
      }),
    ];
  });
};

const resultText = (result: CarryResult): string => {
  if (result.is === 'there') return 'the new release has it';
  if (result.is === 'merged') return `merged at line ${result.line}: look at it`;
  if (result.is === 'rejected')
    return `rejected${result.mismatch ? `: ${mismatchText(result.mismatch)}` : ''}`;
  const {line, offset, fuzz, alsoAt} = result;
  const moved = offset === 0 ? '' : `, offset ${offset}`;
  const doubt = fuzz > 0 ? `, with fuzz ${fuzz}` : alsoAt ? `, and as well at line ${alsoAt}` : '';
  return `fits at line ${line}${moved}${doubt}${doubt === '' ? '' : ': look at it'}`;
};

const markOf = (result: CarryResult): Mark => {
  if (result.is === 'rejected') return '-';
  if (result.is === 'merged') return '!';
  return result.is === 'applied' && (result.fuzz > 0 || result.alsoAt !== undefined) ? '!' : '+';
};
const remarkOn = ({problem, path}: CarriedFile, homeless: ReadonlySet<string>): string =>
  problem ?? (homeless.has(path) ? 'in a folder that the new release has not: look at it' : '');
const marksOf = ({path, problem, hunks}: CarriedFile, homeless: ReadonlySet<string>): readonly Mark[] => [
  problem === undefined ? (homeless.has(path) ? '!' : '+') : '-',
  ...hunks.map(({result}) => markOf(result)),
];
const worst = (marks: readonly Mark[]): Mark => (marks.includes('-') ? '-' : marks.includes('!') ? '!' : '+');

export const carriedCounts = (patches: readonly CarriedPatch[], homeless: ReadonlySet<string>) => {
  const marks = patches.flatMap(({files}) =>
    files.flatMap(({path, hunks}) =>
      hunks.map(({result}): Mark => (homeless.has(path) ? '!' : markOf(result))),
    ),
  );
  const count = (mark: Mark): number => marks.filter((each) => each === mark).length;
  return {hunks: marks.length, doubtful: count('!'), rejected: count('-')};
};
