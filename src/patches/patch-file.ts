/** Parses a patch file as `patch -p1` reads it. Text is latin1 throughout: each byte is one character. */

import {UserError} from '../errors.ts';
import {messageOf} from '../thrown.ts';
import {type Hunk, linesOf, rangesOf, readHunk} from './hunk.ts';

export interface Patch {
  readonly name: string;
  readonly text: string;
  /** Everything above the first file: the mail header, and why the patch exists. */
  readonly header: string;
  readonly files: readonly FilePatch[];
}

export interface FilePatch {
  /** Relative to the tree. */
  readonly path: string;
  readonly kind: 'change' | 'create' | 'delete';
  /** The lines that name the file. */
  readonly head: string;
  readonly hunks: readonly Hunk[];
}

/** Throws UserError (exit code `badInput`) for text that is not a unified diff, and for renames and binary files. */
export const parsePatch = (name: string, text: string): Patch => {
  try {
    const {header, parts} = splitPatch(text);
    if (parts.length === 0) throw new Error('no hunk found');
    return {name, text, header, files: parts.map(filePatchOf)};
  } catch (error) {
    throw new UserError(
      {
        what: `cannot read ${name}`,
        why: `not a unified diff with names such as a/main.go and b/main.go: ${messageOf(error)}`,
        tryThis: 'create it again with `git format-patch --no-renames` or `diff -u`',
        code: 'KNI-E216',
      },
      {cause: error},
    );
  }
};

interface Part {
  readonly head: string[];
  readonly hunks: Hunk[];
  /** A line that follows a hunk. patch ignores all hunks after it, without saying so. */
  remark?: string;
}

const splitPatch = (text: string): {readonly header: string; readonly parts: readonly Part[]} => {
  const lines = linesOf(text);
  const parts: Part[] = [];
  const header: string[] = [];
  let part: Part | undefined;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const ranges = rangesOf(line);
    const isNames = line.startsWith('--- ') && (lines[index + 1] ?? '').startsWith('+++ ');
    const isGit = line.startsWith('diff --git ');
    if (ranges !== undefined) {
      if (part === undefined || !part.head.some((each) => each.startsWith('+++ ')))
        throw new Error('a hunk has no file name');
      if (part.remark !== undefined)
        throw new Error(`the line ${JSON.stringify(part.remark)} hides the hunk ${line.trim()}`);
      const hunk = readHunk(lines, index, ranges);
      part.hunks.push(hunk);
      index += linesOf(hunk.text).length - 1;
    } else if (isGit || (isNames && !isHeadOnly(part))) {
      part = {head: [line], hunks: []};
      parts.push(part);
    } else if (part === undefined) header.push(line);
    else if (part.hunks.length > 0) part.remark ??= line.replace(/\n$/, '');
    else part.head.push(line);
  }
  return {header: header.join(''), parts};
};

/** Whether the part has only its `diff --git` line so far: the lines with the file names come next. */
const isHeadOnly = (part: Part | undefined): boolean =>
  part !== undefined && part.hunks.length === 0 && !part.head.some((line) => line.startsWith('+++ '));

const filePatchOf = ({head, hunks}: Part): FilePatch => {
  const text = head.join('');
  if (/^(?:rename |copy |similarity |GIT binary patch|Binary files )/m.test(text))
    throw new Error(`${head[0]?.trim()} renames or copies a file, or changes a binary file`);
  const [, oldName = '', newName = ''] =
    /^--- ([^\t\n]+).*\n\+\+\+ ([^\t\n]+)/m.exec(text) ?? /^diff --git (\S+) (\S+)$/m.exec(text) ?? [];
  const [first] = hunks;
  const creates = /^new file mode/m.test(text) || (first?.old.length === 0 && isAbsent('---', text));
  const deletes = /^deleted file mode/m.test(text) || (first?.new.length === 0 && isAbsent('+++', text));
  return {
    path: pathOf(oldName, newName),
    kind: creates ? 'create' : deletes ? 'delete' : 'change',
    head: text,
    hunks,
  };
};

/** A missing file is /dev/null, or for `diff -N` a file of 1970. */
const isAbsent = (mark: '---' | '+++', head: string): boolean => {
  const [name = '', time = ''] =
    head
      .split('\n')
      .find((line) => line.startsWith(`${mark} `))
      ?.slice(4)
      .split('\t') ?? [];
  return name === '/dev/null' || Date.parse(time.trim()) === 0;
};

const pathOf = (...names: readonly string[]): string => {
  const paths = [...new Set(names.filter((name) => name !== '/dev/null').map(withoutFirstFolder))];
  const [path = '', other] = paths;
  if (other !== undefined) throw new Error(`one file has two names, ${path} and ${other}`);
  if (path === '' || path.startsWith('/') || path.split('/').includes('..'))
    throw new Error(`${JSON.stringify(names.join(' '))} is not a file of the tree`);
  return path;
};

const withoutFirstFolder = (name: string): string => /^[^/]*\/+(.*)$/.exec(name)?.[1] ?? '';
