/** Shows the result of a check: one line for each patch, file and hunk. */

import type {ChalkInstance} from 'chalk';
import type {FileResult, HunkResult} from '../patches/apply-file.ts';
import type {Mismatch} from '../patches/mismatch.ts';
import type {PatchResult} from '../patches/series.ts';
import type {SeriesCheck} from '../stages/lib/check-patches.ts';
import {columns, oneLine} from '../view/table.ts';

/** `+` applied, `!` only with fuzz, `-` failed. */
type Mark = '+' | '!' | '-';

export const seriesCheckText = (
  {component, version, debian, patches}: SeriesCheck,
  paint: ChalkInstance,
): readonly string[] => {
  const isDebianFine = debian.every((patch) => markOf(patch) === '+');
  return [
    `${component} ${version}`,
    ...(isDebianFine ? summary(debian, paint) : seriesText(debian, "Debian's ", paint)),
    ...seriesText(patches, '', paint),
    '',
  ];
};

const summary = (debian: readonly PatchResult[], paint: ChalkInstance): readonly string[] => {
  const {patches, hunks} = countsOf(debian);
  return patches === 0 ? [] : [`${paint.green('+')} Debian's series: ${patches} patches, ${hunks} hunks`];
};

const seriesText = (
  patches: readonly PatchResult[],
  owner: string,
  paint: ChalkInstance,
): readonly string[] => {
  const colours = {'+': paint.green, '!': paint.yellow, '-': paint.red};
  const firstBad = patches.findIndex((patch) => markOf(patch) === '-');
  return patches.flatMap((patch, index) => {
    const mark = markOf(patch);
    const note = firstBad !== -1 && index > firstBad ? ', tried on the result of the patches before it' : '';
    return [
      `${colours[mark](mark)} ${owner}${oneLine(patch.name)}${note}`,
      ...patch.files.flatMap((file) => fileText(file, (each) => colours[each])),
    ];
  });
};

const fileText = (
  {path, problem, hunks}: FileResult,
  colour: (mark: Mark) => (line: string) => string,
): readonly string[] => {
  const lines = columns(hunks.map(({title, result}) => [title, hunkText(result, problem !== undefined)]));
  return [
    `    ${oneLine(path)}${problem === undefined ? '' : colour('-')(`  ${problem}`)}`,
    ...hunks.map(({result}, index) => {
      const mark = hunkMark(result);
      const line = `      ${lines[index]}`;
      return mark === '+' ? line : colour(mark)(line);
    }),
  ];
};

const hunkText = (result: HunkResult, isSkipped: boolean): string => {
  if (result.kind === 'failed')
    return `failed: ${result.mismatch ? mismatchText(result.mismatch) : isSkipped ? 'the file was skipped' : 'the file has no similar lines'}`;
  const {line, offset, fuzz} = result;
  const moved = offset === 0 ? '' : `, offset ${offset}`;
  return `applied at line ${line}${moved}${fuzz === 0 ? '' : `, with fuzz ${fuzz}, which \`up\` refuses`}`;
};

/** `line 322 is "b", expected "a"; 5 of 7 lines are at line 320` */
export const mismatchText = ({line, matching, of, differs}: Mismatch): string => {
  const share = `${matching} of ${of} lines are at line ${line}`;
  if (differs === undefined)
    return `${share}, but the hunk cannot apply there: an earlier hunk or an end of the file is in the way`;
  const {line: at, expected, found} = differs;
  return found === undefined
    ? `the file ends before line ${at}, expected ${quoted(expected)}; ${share}`
    : `line ${at} is ${quoted(found)}, expected ${quoted(expected)}; ${share}`;
};

const quoted = (text: string): string =>
  `${JSON.stringify(text.replace(/\n$/, ''))}${text.endsWith('\n') ? '' : ' without a line end'}`;

const hunkMark = (result: HunkResult): Mark =>
  result.kind === 'failed' ? '-' : result.fuzz === 0 ? '+' : '!';

const markOf = ({files}: PatchResult): Mark => {
  const marks = new Set(
    files.flatMap(({problem, hunks}): readonly Mark[] => [
      problem === undefined ? '+' : '-',
      ...hunks.map(({result}) => hunkMark(result)),
    ]),
  );
  return marks.has('-') ? '-' : marks.has('!') ? '!' : '+';
};

export const countsOf = (patches: readonly PatchResult[]) => {
  const hunks = patches.flatMap(({files}) => files.flatMap((file) => file.hunks));
  const marked = (mark: Mark): number => hunks.filter(({result}) => hunkMark(result) === mark).length;
  return {patches: patches.length, hunks: hunks.length, failed: marked('-'), fuzzy: marked('!')};
};
