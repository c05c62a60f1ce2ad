import {array, assert, asyncProperty, constantFrom, integer, record} from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Content} from '../../src/patches/apply-file.ts';
import {type Patch, parsePatch} from '../../src/patches/patch-file.ts';
import {type RebasedPatch, rebaseSeries} from '../../src/patches/rebase-series.ts';
import {applySeries, type Files} from '../../src/patches/series.ts';
import {diffOf, onBench} from '../rig/workbench.ts';
import {gnuPatch, hasPatch} from './gnu-patch.ts';

const reason = 'Why it is there: caf\u00c3\u00a9.\n\n';
const old = Array.from({length: 40}, (_, index) => `line ${index + 1}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const patchOf = async (from: string, to: string, name = '0001-a.patch'): Promise<Patch> =>
  parsePatch(name, reason + (await onBench((bench) => diffOf(bench, from, to))));
const rebase = (patches: readonly Patch[], onto: Files, from?: Files) =>
  onBench((bench) => rebaseSeries(bench, patches, onto, from));
const files = (content: Content) => new Map([['main.go', content]]);
const results = ([patch]: readonly RebasedPatch[]) => patch?.files[0]?.hunks.map(({result}) => result);

/** Changes line 20 to `new`. */
const changes = await patchOf(text(old), text(old.with(19, 'new')));

describe('a patch that is rebased', () => {
  it('stays the same if all of it still fits at its lines', async () => {
    const written = `${reason}--- a/main.go\t2020-01-01\n+++ b/main.go\t2021-01-01\n@@ -20 +20 @@ func main()\n-line 20\n+new\n`;
    const [rebased] = await rebase([parsePatch('0001-a.patch', written)], files(text(old)));
    expect(rebased).toMatchObject({text: written, rejected: undefined});
  });

  it('gets new line numbers and keeps its header', async () => {
    const onto = text(['a', 'b', ...old]);
    const rebased = await rebase([changes], files(onto));
    expect(rebased[0]).toMatchObject({
      text: expect.stringMatching(
        /^Why it is there: .*\n\n--- a\/main\.go\n\+\+\+ b\/main\.go\n@@ -19,7 \+19,7 @@/,
      ),
      rejected: undefined,
    });
    expect(results(rebased)).toEqual([{kind: 'applied', line: 19, offset: 2, fuzz: 0}]);
  });

  it('is doubtful if it moved and fits twice', async () => {
    const twice = text([...old.slice(2), ...old]);
    const rebased = await rebase([changes], files(twice));
    expect(results(rebased)).toEqual([{kind: 'applied', line: 15, offset: -2, fuzz: 0, alsoAt: 55}]);
    expect(results(await rebase([changes], files(text([...old, ...old]))))).toEqual([
      {kind: 'applied', line: 17, offset: 0, fuzz: 0},
    ]);
  });

  it('gets the new context if it fits with fuzz', async () => {
    const rebased = await rebase([changes], files(text(old.with(16, 'other'))));
    expect(results(rebased)).toEqual([{kind: 'applied', line: 17, offset: 0, fuzz: 1}]);
    expect(rebased[0]?.text).toBe(changes.text.replace(' line 17', ' other'));
  });

  it('is merged if lines between its changes differ', async () => {
    const twice = await patchOf(text(old), text(old.with(19, 'new').with(23, 'newer')));
    const onto = text(['x', ...old.with(21, 'theirs')]);
    expect(results(await rebase([twice], files(onto)))).toMatchObject([{kind: 'rejected'}]);
    const rebased = await rebase([twice], files(onto), files(text(old)));
    expect(results(rebased)).toEqual([{kind: 'merged', line: 18}]);
    expect(rebased[0]?.text).toContain(
      '@@ -18,11 +18,11 @@ line 16\n line 17\n line 18\n line 19\n-line 20\n+new\n line 21\n theirs\n line 23\n-line 24\n+newer\n',
    );
  });

  it('is not merged with a change of the same line', async () => {
    const onto = text(old.with(19, 'theirs'));
    const rebased = await rebase([changes], files(onto), files(text(old)));
    expect(results(rebased)).toEqual([
      {
        kind: 'rejected',
        mismatch: {
          line: 17,
          matching: 6,
          of: 7,
          differs: {line: 20, expected: 'line 20\n', found: 'theirs\n'},
        },
      },
    ]);
    expect(rebased[0]).toMatchObject({text: undefined, rejected: changes.text});
  });

  it('is left out if the new release has the change', async () => {
    const rebased = await rebase([changes], files(text(old.with(19, 'new').with(0, 'x'))));
    expect(results(rebased)).toEqual([{kind: 'present'}]);
    expect(rebased[0]).toMatchObject({text: undefined, rejected: undefined});
    const twice = await patchOf(text(old), text(old.with(19, 'new').with(23, 'newer')));
    const merged = await rebase(
      [twice],
      files(text(old.with(19, 'new').with(21, 'x').with(23, 'newer'))),
      files(text(old)),
    );
    expect(results(merged)).toEqual([{kind: 'present'}]);
    expect(merged[0]).toMatchObject({text: undefined, rejected: undefined});
  });

  it('keeps hunks that apply, and rejects the others', async () => {
    const both = await patchOf(text(old), text(old.with(5, 'six').with(29, 'thirty')));
    const [rebased] = await rebase([both], files(text(old.with(5, 'theirs').toSpliced(10, 0, 'x'))));
    expect(rebased?.text).toMatch(
      /^Why it is there: .*\n\n--- a\/main\.go\n\+\+\+ b\/main\.go\n@@ -28,7 \+28,7 @@/,
    );
    expect(rebased?.rejected).toMatch(
      /^Why it is there: .*\n\n--- a\/main\.go\n\+\+\+ b\/main\.go\n@@ -3,7 \+3,7 @@/,
    );
  });

  it('is tried on the result of the patches before it', async () => {
    const next = await patchOf(text(old.with(19, 'new')), text(old.with(19, 'newer')), '0002-b.patch');
    const fine = await rebase([changes, next], files(text(['x', ...old])));
    expect(fine.map(({rejected}) => rejected)).toEqual([undefined, undefined]);
    const bad = await rebase([changes, next], files(text(old.with(19, 'theirs'))));
    expect(bad.map(({rejected}) => rejected)).toEqual([changes.text, next.text]);
  });

  const creates = parsePatch('0001-a.patch', `${reason}--- /dev/null\n+++ b/main.go\n@@ -0,0 +1 @@\n+one\n`);
  const deletes = parsePatch('0001-a.patch', `${reason}--- a/main.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n`);
  it.each([
    ['creates a file', creates, undefined, creates.text, undefined, undefined],
    ['creates a file that the new release has', creates, 'one\n', undefined, undefined, undefined],
    ['creates a file that differs in the new release', creates, 'two\n', undefined, 'already exists', ''],
    ['deletes a file', deletes, 'one\n', deletes.text, undefined, undefined],
    ['deletes a missing file', deletes, undefined, undefined, undefined, undefined],
    [
      'deletes a changed file',
      deletes,
      'two\n',
      undefined,
      'differs from the file that the patch deletes',
      '',
    ],
    ['changes a missing file', changes, undefined, undefined, 'no such file', ''],
    ['changes a path that is not a file', changes, null, undefined, 'not a regular file', ''],
  ])('%s', async (_, patch, onto, refreshed, problem, rejected) => {
    const [rebased] = await rebase([patch], files(onto));
    expect(rebased?.text).toBe(refreshed);
    expect(rebased?.files[0]?.problem).toBe(problem);
    expect(rebased?.rejected === undefined).toBe(rejected === undefined);
  });
});

const line = constantFrom('alpha', 'beta', 'gamma', 'delta', '', '}', 'func main() {');
const edits = array(
  record({
    at: integer({min: 0, max: 60}),
    remove: integer({min: 0, max: 3}),
    add: array(line, {maxLength: 3}),
  }),
  {minLength: 1, maxLength: 3},
);
type Edits = readonly {readonly at: number; readonly remove: number; readonly add: readonly string[]}[];
const edited = (lines: readonly string[], all: Edits): readonly string[] => {
  let out = [...lines];
  for (const {at, remove, add} of all) out = out.toSpliced(at % (out.length + 1), remove, ...add);
  return out;
};

describe('after random changes', () => {
  it.skipIf(!hasPatch)(
    'rebased patches apply at their own lines without fuzz',
    {timeout: 120_000},
    async () => {
      await assert(
        asyncProperty(
          array(line, {minLength: 5, maxLength: 60}),
          edits,
          edits,
          edits,
          async (base, one, two, drift) => {
            const [a, b, c] = [base, edited(base, one), edited(edited(base, one), two)];
            const steps = [
              [a, b],
              [b, c],
            ] as const;
            const series: Patch[] = [];
            for (const [index, [from, to]] of steps.entries())
              if (text(from) !== text(to))
                series.push(await patchOf(text(from), text(to), `000${index + 1}.patch`));
            const onto = text(edited(base, drift));
            if (onto === '') return;
            const rebased = await rebase(series, files(onto), files(text(base)));
            const refreshed = rebased.flatMap((each) => each.text ?? []);
            const {results: again, files: made} = await onBench((bench) =>
              applySeries(
                bench,
                refreshed.map((each) => parsePatch('again', each)),
                files(onto),
                0,
              ),
            );
            for (const hunk of again.flatMap((each) => each.files.flatMap((file) => file.hunks)))
              expect(hunk.result).toMatchObject({kind: 'applied', offset: 0, fuzz: 0});
            let theirs: string | undefined = onto;
            for (const each of refreshed) {
              const applied = await gnuPatch(each, theirs);
              expect(applied).toMatchObject({ok: true, output: expect.not.stringContaining('offset')});
              theirs = applied.text;
            }
            expect(theirs).toBe(made.get('main.go'));
          },
        ),
        {numRuns: Number(process.env['PATCH_RUNS'] ?? 8)},
      );
    },
  );
});
