/** A patch file: what its text says, as GNU patch -p1 reads it. Text is latin1 throughout: a byte is a character. */

import {parsePatch, type StructuredPatch} from 'diff';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {messageOf} from '../thrown.ts';
import {type Hunk, hunkFrom} from './hunk.ts';

export interface Patch {
  readonly name: string;
  readonly text: string;
  /** All that stands above the first file: why the patch is there. */
  readonly header: string;
  readonly files: readonly FilePatch[];
}

export interface FilePatch {
  /** Relative to the tree. */
  readonly path: string;
  /** `create`: only where there is no such file, or an empty one. `delete`: nothing may be left of it. */
  readonly kind: 'change' | 'create' | 'delete';
  readonly hunks: readonly Hunk[];
  /** As the library has read it, to be printed again. */
  readonly parsed: StructuredPatch;
}

/** Throws UserError (exit code `badInput`) for what is no unified diff, or one that does more than change text. */
export const patchFrom = (name: string, text: string): Patch => {
  try {
    const unsigned = withoutSignature(text);
    const files = parsePatch(unsigned).filter(saysSomething).map(filePatchFrom);
    refuseRemarks(unsigned);
    if (files.length === 0) throw new Error('it holds no hunk');
    return {name, text, header: headerOf(text), files};
  } catch (error) {
    throw new UserError(
      {
        what: `${name} cannot be read`,
        why: `it is no unified diff with names such as a/main.go and b/main.go: ${messageOf(error)}`,
        tryThis: 'make it anew with `diff -u` or `git diff --no-renames`',
        exitCode: exitCodes.badInput,
      },
      {cause: error},
    );
  }
};

/** `git format-patch` signs with its version, which begins like a removed line. */
const withoutSignature = (text: string): string => text.replace(/\n-- \n[^\n]*\n*$/, '\n');

/** GNU patch takes no hunk of a file after anything else than a hunk, and does not say so. */
const refuseRemarks = (text: string): void => {
  let [old, added] = [0, 0];
  let remark: string | undefined;
  for (const line of text.split('\n')) {
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (old > 0 || added > 0) {
      if (!line.startsWith('+') && !line.startsWith('\\')) old -= 1;
      if (!line.startsWith('-') && !line.startsWith('\\')) added -= 1;
    } else if (hunk) {
      if (remark !== undefined) throw new Error(`before the hunk ${line} stands ${JSON.stringify(remark)}`);
      [old, added] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
    } else if (/^(?:--- |\+\+\+ )/.test(line)) remark = undefined;
    else if (!line.startsWith('\\')) remark ??= line;
  }
};

const headerOf = (text: string): string => text.slice(0, /^(?:diff |Index: |--- )/m.exec(text)?.index ?? 0);

/** Text between files has neither; GNU patch looks over it. */
const saysSomething = ({hunks, isGit}: StructuredPatch): boolean => hunks.length > 0 || isGit === true;

const filePatchFrom = (parsed: StructuredPatch): FilePatch => {
  const {oldFileName, newFileName, oldHeader, newHeader, isRename, isCopy, isBinary} = parsed;
  if (isRename || isCopy || isBinary)
    throw new Error(`${oldFileName} is renamed, copied or binary, and only text can be changed`);
  if (oldFileName === undefined || newFileName === undefined) throw new Error('a hunk belongs to no file');
  const hunks = parsed.hunks.map(hunkFrom);
  const [first] = hunks;
  const creates =
    parsed.isCreate || (first?.old.length === 0 && (oldFileName === none || isEpoch(oldHeader)));
  const deletes =
    parsed.isDelete || (first?.new.length === 0 && (newFileName === none || isEpoch(newHeader)));
  return {
    path: pathOf(oldFileName, newFileName),
    kind: creates ? 'create' : deletes ? 'delete' : 'change',
    hunks,
    parsed,
  };
};

const none = '/dev/null';

/** How `diff -N` writes that there is no such file. */
const isEpoch = (header = ''): boolean => Date.parse(header.trim()) === 0;

const pathOf = (...names: readonly string[]): string => {
  const paths = [...new Set(names.filter((name) => name !== none).map(strip))];
  const [path = '', other] = paths;
  if (other !== undefined) throw new Error(`it calls one file ${path} and ${other}`);
  if (path === '' || path.startsWith('/') || path.split('/').includes('..'))
    throw new Error(`${JSON.stringify(names.join(' '))} names no file of the tree`);
  return path;
};

/** As -p1 does. */
const strip = (name: string): string => /^[^/]*\/+(.*)$/.exec(name)?.[1] ?? '';
