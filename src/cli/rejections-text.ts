/** Of every rejected hunk: what it expects, and what the new release has where it looks most like that. */

import type {CarriedPatch} from '../patches/carry-series.ts';
import type {Hunk} from '../patches/hunk.ts';
import {closestTo, type Mismatch, weightOf} from '../patches/mismatch.ts';
import type {Namesake} from '../patches/source-tree.ts';

/** `namesakes` by the path of a file that the release has not. */
export const rejectionsText = (
  patches: readonly CarriedPatch[],
  namesakes: ReadonlyMap<string, readonly Namesake[]>,
): readonly string[] =>
  patches.flatMap(({name, files}) =>
    files.flatMap(({path, problem, hunks, lines}) =>
      hunks.flatMap(({hunk, result}) => {
        if (result.is !== 'rejected') return [];
        const title = `${name}: ${path}: ${hunk.title}`;
        const candidates = namesakes.get(path) ?? (lines ? [{path, lines}] : []);
        return [
          title,
          '='.repeat(title.length),
          ...(problem === undefined ? [] : [`why: ${problem}`]),
          ...expectation(hunk),
          ...(problem === 'it exists already' ? [] : closestText(hunk, candidates)),
          '',
        ];
      }),
    ),
  );

const expectation = ({old, oldStart}: Hunk): readonly string[] =>
  old.length === 0
    ? ['expected: no such file, or a place for lines without context']
    : [
        `expected, from line ${oldStart}:`,
        ...old.map((line, index) => numbered(oldStart + index, ' ', line)),
      ];

interface Best {
  readonly file: Namesake;
  readonly mismatch: Mismatch;
}

const closestText = ({old, lines, oldStart}: Hunk, candidates: readonly Namesake[]): readonly string[] => {
  const [best] = candidates
    .flatMap((file): readonly Best[] => {
      const mismatch = closestTo(old, file.lines, oldStart);
      return mismatch === undefined ? [] : [{file, mismatch}];
    })
    .sort((one, other) => other.mismatch.matching - one.mismatch.matching);
  if (best === undefined) return ['nothing in the new release looks like it'];
  const {path, lines: there} = best.file;
  const {line, matching, of} = best.mismatch;
  const removed = lines.flatMap(({op, text}) => (op === '-' && weightOf(text) === 1 ? [text] : []));
  return [
    `closest, ${matching} of ${of} lines, the others are marked !: ${path}, from line ${line}:`,
    ...there
      .slice(line - 1, line - 1 + of)
      .map((text, index) => numbered(line + index, text === old[index] ? ' ' : '!', text)),
    ...removed.map((text) => whereIs(text, there, path)),
  ];
};

/** What a hunk removes is what it is about; its context may be anywhere. */
const whereIs = (text: string, there: readonly string[], path: string): string => {
  const at = there.flatMap((line, index) => (line === text ? [index + 1] : []));
  const where =
    at.length === 0 ? `is not in ${path}` : `stands at line ${at.slice(0, 5).join(', ')} of ${path}`;
  return `it removes ${JSON.stringify(text.trim())}, which ${where}`;
};

const numbered = (number: number, mark: string, text: string): string =>
  `${String(number).padStart(6)} ${mark} | ${text.replace(/\n$/, '')}`;
