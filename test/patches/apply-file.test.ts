import {describe, expect, it} from 'vitest';
import {applyFile, type FileResult} from '../../src/patches/apply-file.ts';
import {parsePatch} from '../../src/patches/patch-file.ts';
import {onBench} from '../rig/workbench.ts';
import {gnuPatch, hasPatch} from './gnu-patch.ts';

const apply = (patch: string, before: string | undefined, fuzz: number) =>
  onBench((bench) => {
    const [file] = parsePatch('it.patch', patch).files;
    if (file === undefined) throw new Error('no file');
    return applyFile(bench, file, before, fuzz);
  });
const isApplied = ({problem, hunks}: FileResult): boolean =>
  problem === undefined && hunks.every(({result}) => result.kind === 'applied');

describe.skipIf(!hasPatch)('a hunk', () => {
  const lines = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
  const patch = `--- a/main.go
+++ b/main.go
@@ -1,3 +1,4 @@
 one
+new
 two
 three
@@ -6,5 +7,5 @@
 six
 seven
-eight
+8
 nine
 ten
`;
  const text = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

  it('reports its line in the file before the patch', async () => {
    const {result, content} = await apply(patch, text(lines), 0);
    expect(result.hunks.map((each) => each.result)).toEqual([
      {kind: 'applied', line: 1, offset: 0, fuzz: 0},
      {kind: 'applied', line: 6, offset: 0, fuzz: 0},
    ]);
    expect(content).toBe(text(lines.with(7, '8').toSpliced(1, 0, 'new')));
  });

  it('reports offset and fuzz', async () => {
    const {result} = await apply(patch, text(lines.with(5, 'SIX').toSpliced(4, 0, 'a', 'b')), 2);
    expect(result.hunks[1]?.result).toEqual({kind: 'applied', line: 8, offset: 2, fuzz: 1});
  });

  it('fails alone, with the most similar place', async () => {
    const {result, content} = await apply(patch, text(lines.with(7, 'EIGHT')), 0);
    expect(result.hunks.map((each) => each.result)).toEqual([
      {kind: 'applied', line: 1, offset: 0, fuzz: 0},
      {
        kind: 'failed',
        mismatch: {
          line: 6,
          matching: 4,
          of: 5,
          differs: {line: 8, expected: 'eight\n', found: 'EIGHT\n'},
        },
      },
    ]);
    expect(content).toBe(text(lines.with(7, 'EIGHT').toSpliced(1, 0, 'new')));
  });
});

const head = '--- a/main.go\n+++ b/main.go\n';
const created = '--- /dev/null\n+++ b/main.go\n@@ -0,0 +1,2 @@\n+one\n+two\n';
const deleted = '--- a/main.go\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n';
const epoch = '1970-01-01 00:00:00.000000000 +0000';

describe.skipIf(!hasPatch)('the part of a patch for one file gets the result that `up` gets, and', () => {
  it.each([
    ['creates', created, undefined, undefined],
    ['fills an empty file', created, '', undefined],
    ['creates no file twice', created, 'one\ntwo\n', 'already exists'],
    [
      'creates, in the words of diff -N',
      created.replace('/dev/null', `a/main.go\t${epoch}`),
      'x\n',
      'already exists',
    ],
    ['puts lines on top without context', created.replace('/dev/null', 'a/main.go'), 'x\n', undefined],
    ['deletes', deleted, 'one\ntwo\n', undefined],
    ['deletes nothing else', deleted, 'one\nTWO\n', 'differs from the file that the patch deletes'],
    ['deletes no longer file', deleted, 'one\ntwo\nthree\n', 'differs from the file that the patch deletes'],
    [
      'deletes, in the words of diff -N',
      deleted.replace('/dev/null', `b/main.go\t${epoch}`),
      'one\ntwo\n',
      undefined,
    ],
    ['deletes no missing file', deleted, undefined, 'no such file'],
    ['changes no missing file', `${head}@@ -1 +1 @@\n-one\n+1\n`, undefined, 'no such file'],
    [
      'is not applied twice',
      `${head}@@ -1,2 +1,2 @@\n-one\n+1\n two\n`,
      '1\ntwo\n',
      'the change is already there',
    ],
    [
      'may lack the space of empty lines',
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
    [
      'may lack the last line end',
      `${head}@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+1\n`,
      'one',
      undefined,
    ],
  ])('%s', async (_, patch, before, problem) => {
    const theirs = await gnuPatch(patch, before);
    const {result, content} = await apply(patch, before, 0);
    expect(isApplied(result)).toBe(theirs.ok);
    expect(content).toBe(theirs.ok ? theirs.text : before);
    expect(result.problem).toBe(problem);
  });
});
