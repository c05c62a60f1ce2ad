import {FILE_HEADERS_ONLY, formatPatch, structuredPatch} from 'diff';
import {array, assert, asyncProperty, boolean, constantFrom, integer, record, tuple} from 'fast-check';
import {describe, expect, it} from 'vitest';
import {applyFile, type FileResult} from '../../src/patches/apply-file.ts';
import {patchFrom} from '../../src/patches/patch-file.ts';
import {gnuPatch, hasPatch} from './gnu-patch.ts';

/** Few different lines, so that a hunk fits at more than one place. */
const line = constantFrom('a', 'b', 'c', 'd', '', '}', '\t\u00e9');

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly add: readonly string[];
}
const edit = record({
  at: integer({min: 0, max: 40}),
  remove: integer({min: 0, max: 4}),
  add: array(line, {maxLength: 4}),
});
const edited = (lines: readonly string[], edits: readonly Edit[]): readonly string[] => {
  const out = [...lines];
  for (const {at, remove, add} of edits) out.splice(at % (out.length + 1), remove, ...add);
  return out;
};
const text = (lines: readonly string[], isEnded: boolean): string =>
  lines.length === 0 ? '' : `${lines.join('\n')}${isEnded ? '\n' : ''}`;

const cases = record({
  base: array(line, {maxLength: 40}),
  change: array(edit, {minLength: 1, maxLength: 3}),
  drift: array(edit, {maxLength: 2}),
  context: integer({min: 0, max: 3}),
  ended: tuple(boolean(), boolean(), boolean()),
});

const ours = (patch: string, before: string | undefined, fuzz: number) => {
  const [file] = patchFrom('it.patch', patch).files;
  if (file === undefined) throw new Error('no file');
  return applyFile(file, before, fuzz);
};
const isApplied = ({problem, hunks}: FileResult): boolean =>
  problem === undefined && hunks.every(({result: {is}}) => is === 'applied');

const verdicts = ({hunks}: FileResult): readonly string[] =>
  hunks.map(({result}) => (result.is === 'failed' ? 'failed' : `${result.offset}, fuzz ${result.fuzz}`));
const spoken =
  /^Hunk #\d+ (?:(FAILED)|succeeded) at -?\d+(?: with fuzz (\d+))?(?: \(offset (-?\d+) lines?\))?/gm;
const verdictsOf = (output: string): readonly string[] =>
  [...output.matchAll(spoken)].map(([, failed, fuzz = '0', offset = '0']) =>
    failed ? 'failed' : `${offset}, fuzz ${fuzz}`,
  );

/** More of them: PATCH_RUNS=20000. */
const runs = Number(process.env['PATCH_RUNS'] ?? 150);

describe.skipIf(!hasPatch)('every hunk gets the verdict that GNU patch gives it', () => {
  it.each([0, 2])('with fuzz %i', {timeout: 60_000 + runs * 40}, async (fuzz) => {
    await assert(
      asyncProperty(cases, async ({base, change, drift, context, ended: [e1, e2, e3]}) => {
        const [from, to] = [text(base, e1), text(edited(base, change), e2)];
        const diff = structuredPatch('a/main.go', 'b/main.go', from, to, '', '', {context});
        if (diff.hunks.length === 0) return;
        const patch = formatPatch(diff, FILE_HEADERS_ONLY);
        // Behind a last line without its end GNU patch can put text on the same line, but only with fuzz.
        const target = text(edited(base, drift), e3 || fuzz > 0);
        const theirs = await gnuPatch(patch, target, fuzz);
        const isSkipped = theirs.output.includes('Skipping patch');
        // With fuzz it also takes a hunk for applied that is merely similar. We do not.
        if (isSkipped && fuzz > 0) return;
        const {result, content} = ours(patch, target, fuzz);
        expect({
          patch,
          ok: isApplied(result),
          text: content,
          hunks: isSkipped ? [] : verdicts(result),
        }).toEqual({patch, ok: theirs.ok, text: theirs.text, hunks: verdictsOf(theirs.output)});
      }),
      {numRuns: runs},
    );
  });
});

const head = '--- a/main.go\n+++ b/main.go\n';
const created = '--- /dev/null\n+++ b/main.go\n@@ -0,0 +1,2 @@\n+one\n+two\n';
const deleted = '--- a/main.go\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n';
const epoch = '1970-01-01 00:00:00.000000000 +0000';

describe.skipIf(!hasPatch)('so does every file', () => {
  it.each([
    ['creates', created, undefined, undefined],
    ['fills what is empty', created, '', undefined],
    ['creates no file twice', created, 'one\ntwo\n', 'it exists already'],
    [
      'creates, in the words of diff -N',
      created.replace('/dev/null', `a/main.go\t${epoch}`),
      'x\n',
      'it exists already',
    ],
    ['puts lines on top without context', created.replace('/dev/null', 'a/main.go'), 'x\n', undefined],
    ['deletes', deleted, 'one\ntwo\n', undefined],
    ['deletes nothing else', deleted, 'one\nTWO\n', 'what its first hunk removes is not there'],
    ['leaves nothing', deleted, 'one\ntwo\nthree\n', 'something is left of the file that it deletes'],
    [
      'deletes, in the words of diff -N',
      deleted.replace('/dev/null', `b/main.go\t${epoch}`),
      'one\ntwo\n',
      undefined,
    ],
    ['deletes no file that there is not', deleted, undefined, 'there is no such file'],
    [
      'changes no file that there is not',
      `${head}@@ -1 +1 @@\n-one\n+1\n`,
      undefined,
      'there is no such file',
    ],
    [
      'is not applied twice',
      `${head}@@ -1,2 +1,2 @@\n-one\n+1\n two\n`,
      '1\ntwo\n',
      'the change is there already',
    ],
    [
      'may come without the blank of empty lines',
      `${head}@@ -1,3 +1,3 @@\n-one\n+1\n\n two\n`,
      'one\n\ntwo\n',
      undefined,
    ],
    [
      'may be signed',
      `From: a\n---\n main.go | 2 +-\n\n${head}@@ -1 +1 @@\n-one\n+1\n-- \n2.39.5\n\n`,
      'one\n',
      undefined,
    ],
    ['may have no end', `${head}@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+1\n`, 'one', undefined],
  ])('%s', async (_, patch, before, problem) => {
    const theirs = await gnuPatch(patch, before);
    const {result, content} = ours(patch, before, 0);
    expect({ok: isApplied(result), text: content}).toEqual({ok: theirs.ok, text: theirs.text});
    expect(result.problem).toBe(problem);
  });
});
