/** patch: builds its arguments, parses its output. */

import type {Command} from '../host/host.ts';

export interface PatchedFile {
  readonly file: string;
  readonly patch: string;
  /** Lines of context that may differ. */
  readonly fuzz: number;
}

/** Changes the file in place. A hunk that fails stops neither the others nor the command: the exit code is 1. */
export const applyPatch = ({file, patch, fuzz}: PatchedFile): Command => [
  'patch',
  ['--force', '--verbose', '--no-backup-if-mismatch', '--reject-file=-', `--fuzz=${fuzz}`, '--', file, patch],
];

/** patch translates the messages that `parseHunks` reads. */
export const patchEnv = {LC_ALL: 'C'} as const;

/** Where patch applied a hunk, in the file as the hunks before left it; undefined if the hunk failed. */
export type HunkPlace = {readonly line: number; readonly offset: number; readonly fuzz: number} | undefined;

export const parseHunks = (lines: readonly string[]): readonly HunkPlace[] =>
  lines.flatMap((line) => {
    const found =
      /^Hunk #\d+ (?:(FAILED)|succeeded) at (-?\d+)(?: with fuzz (\d+))?(?: \(offset (-?\d+) lines?\))?/.exec(
        line,
      );
    if (found === null) return [];
    const [, failed, at, fuzz = 0, offset = 0] = found;
    return [failed ? undefined : {line: Number(at), offset: Number(offset), fuzz: Number(fuzz)}];
  });
