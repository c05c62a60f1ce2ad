/** Explains each rejected hunk: the lines that it expects, and the most similar place in the new release. */

import type {Hunk} from '../patches/hunk.ts';
import {closestTo, type Mismatch, weightOf} from '../patches/mismatch.ts';
import type {RebasedPatch} from '../patches/rebase-series.ts';
import type {Namesake} from '../patches/source-tree.ts';

/** `namesakes` has the files to search for each file that the new release lacks. */
export const rejectionsText = (
  patches: readonly RebasedPatch[],
  namesakes: ReadonlyMap<string, readonly Namesake[]>,
): readonly string[] =>
  patches.flatMap(({name, files}) =>
    files.flatMap(({path, problem, hunks, lines}) =>
      hunks.flatMap(({hunk, result}) => {
        if (result.kind !== 'rejected') return [];
        const title = `${name}: ${path}: ${hunk.title}`;
        const candidates = namesakes.get(path) ?? (lines ? [{path, lines}] : []);
        return [
          title,
          '='.repeat(title.length),
          ...(problem === undefined ? [] : [`why: ${problem}`]),
          ...expectation(hunk),
          ...(problem === 'already exists' ? [] : closestText(hunk, candidates)),
          '',
        ];
      }),
    ),
  );

const expectation = ({old, oldStart}: Hunk): readonly string[] =>
  old.length === 0
    ? ['expected: no such file, or a line to insert at without context']
    : [
        `expected, from line ${oldStart}:`,
        ...old.map((line, index) => numbered(oldStart + index, ' ', line)),
      ];

interface Candidate {
  readonly file: Namesake;
  readonly mismatch: Mismatch;
}

const closestText = ({old, removed, oldStart}: Hunk, candidates: readonly Namesake[]): readonly string[] => {
  const [best] = candidates
    .flatMap((file): readonly Candidate[] => {
      const mismatch = closestTo(old, file.lines, oldStart);
      return mismatch === undefined ? [] : [{file, mismatch}];
    })
    .sort((one, other) => other.mismatch.matching - one.mismatch.matching);
  if (best === undefined) return ['the new release has no similar lines'];
  const {path, lines} = best.file;
  const {line, matching, of} = best.mismatch;
  return [
    `closest, ${matching} of ${of} lines, the others are marked !: ${path}, from line ${line}:`,
    ...lines
      .slice(line - 1, line - 1 + of)
      .map((text, index) => numbered(line + index, text === old[index] ? ' ' : '!', text)),
    ...removed.filter((text) => weightOf(text) === 1).map((text) => whereIs(text, lines, path)),
  ];
};

/** The removed lines are the point of a hunk; its context may be anywhere. */
const whereIs = (text: string, lines: readonly string[], path: string): string => {
  const at = lines.flatMap((line, index) => (line === text ? [index + 1] : []));
  const where = at.length === 0 ? `is not in ${path}` : `is at line ${at.slice(0, 5).join(', ')} of ${path}`;
  return `the hunk removes ${JSON.stringify(text.trim())}, which ${where}`;
};

const numbered = (number: number, mark: string, text: string): string =>
  `${String(number).padStart(6)} ${mark} | ${text.replace(/\n$/, '')}`;
