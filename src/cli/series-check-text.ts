/** What came of a series, for people: a line for each patch, each file and each hunk. */

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
    ...(isDebianFine ? inShort(debian, paint) : seriesText(debian, "Debian's ", paint)),
    ...seriesText(patches, '', paint),
    '',
  ];
};

const inShort = (debian: readonly PatchResult[], paint: ChalkInstance): readonly string[] => {
  const {patches, hunks} = countsOf(debian);
  return patches === 0 ? [] : [`${paint.green('+')} Debian's series: ${patches} patches, ${hunks} hunks`];
};

const seriesText = (
  patches: readonly PatchResult[],
  whose: string,
  paint: ChalkInstance,
): readonly string[] => {
  const colours = {'+': paint.green, '!': paint.yellow, '-': paint.red};
  const firstBad = patches.findIndex((patch) => markOf(patch) === '-');
  return patches.flatMap((patch, index) => {
    const mark = markOf(patch);
    const onWhat = firstBad !== -1 && index > firstBad ? ', tried on what the patches before it left' : '';
    return [
      `${colours[mark](mark)} ${whose}${oneLine(patch.name)}${onWhat}`,
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
  if (result.is === 'failed')
    return `failed: ${result.mismatch ? mismatchText(result.mismatch) : isSkipped ? 'the file was skipped' : 'nothing in the file looks like it'}`;
  const {line, offset, fuzz} = result;
  const moved = offset === 0 ? '' : `, offset ${offset}`;
  return `applied at line ${line}${moved}${fuzz === 0 ? '' : `, with fuzz ${fuzz}, which \`up\` refuses`}`;
};

/** `line 322 is "b", not "a"; 5 of 7 lines stand at line 320` */
export const mismatchText = ({line, matching, of, differs}: Mismatch): string => {
  const much = `${matching} of ${of} lines stand at line ${line}`;
  if (differs === undefined)
    return `${much}, where it may not be applied: an earlier hunk or an end of the file is in its way`;
  const {line: at, expected, found} = differs;
  return found === undefined
    ? `the file ends before line ${at}, expected ${quoted(expected)}; ${much}`
    : `line ${at} is ${quoted(found)}, expected ${quoted(expected)}; ${much}`;
};

const quoted = (text: string): string =>
  `${JSON.stringify(text.replace(/\n$/, ''))}${text.endsWith('\n') ? '' : ' without an end of line'}`;

const hunkMark = (result: HunkResult): Mark => (result.is === 'failed' ? '-' : result.fuzz === 0 ? '+' : '!');

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
