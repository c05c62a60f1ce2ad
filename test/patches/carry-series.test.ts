import {FILE_HEADERS_ONLY, formatPatch, structuredPatch} from 'diff';
import {array, assert, asyncProperty, constantFrom, integer, record} from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {Content} from '../../src/patches/apply-file.ts';
import {type CarriedPatch, carrySeries} from '../../src/patches/carry-series.ts';
import {type Patch, patchFrom} from '../../src/patches/patch-file.ts';
import {applySeries} from '../../src/patches/series.ts';
import {gnuPatch, hasPatch} from './gnu-patch.ts';

const reason = 'Why it is there: caf\u00c3\u00a9.\n\n';
const old = Array.from({length: 40}, (_, index) => `line ${index + 1}`);
const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** A patch of main.go from one text to another, as diff -u writes it. */
const patchOf = (from: string, to: string, name = '0001-a.patch'): Patch => {
  const diff = structuredPatch('a/main.go', 'b/main.go', from, to, '', '', {context: 3});
  return patchFrom(name, reason + formatPatch(diff, FILE_HEADERS_ONLY));
};
const files = (content: Content) => new Map([['main.go', content]]);
const results = ([patch]: readonly CarriedPatch[]) => patch?.files[0]?.hunks.map(({result}) => result);

/** Changes line 20 to `new`. */
const changes = patchOf(text(old), text(old.with(19, 'new')));

describe('a patch that is carried', () => {
  it('stays as it was, to the byte, where all of it fits where it was', () => {
    const written = `${reason}--- a/main.go\t2020-01-01\n+++ b/main.go\t2021-01-01\n@@ -20 +20 @@ func main()\n-line 20\n+new\n`;
    const [carried] = carrySeries([patchFrom('0001-a.patch', written)], files(text(old)));
    expect(carried).toMatchObject({text: written, rejected: undefined});
  });

  it('gets new numbers, keeping its words and its reason', () => {
    const onto = text(['a', 'b', ...old]);
    const carried = carrySeries([changes], files(onto));
    expect(carried[0]).toMatchObject({
      text: changes.text.replace('-17,7 +17,7', '-19,7 +19,7'),
      rejected: undefined,
    });
    expect(results(carried)).toEqual([{is: 'applied', line: 19, offset: 2, fuzz: 0}]);
  });

  it('is in doubt where it has moved and fits twice', () => {
    const twice = text([...old.slice(2), ...old]);
    const carried = carrySeries([changes], files(twice));
    expect(results(carried)).toEqual([{is: 'applied', line: 15, offset: -2, fuzz: 0, alsoAt: 55}]);
    expect(results(carrySeries([changes], files(text([...old, ...old]))))).toEqual([
      {is: 'applied', line: 17, offset: 0, fuzz: 0},
    ]);
  });

  it('gets the new context where it fits with fuzz', () => {
    const carried = carrySeries([changes], files(text(old.with(16, 'other'))));
    expect(results(carried)).toEqual([{is: 'applied', line: 17, offset: 0, fuzz: 1}]);
    expect(carried[0]?.text).toBe(changes.text.replace(' line 17', ' other'));
  });

  it('is merged where lines between those that it changes are others', () => {
    const twice = patchOf(text(old), text(old.with(19, 'new').with(23, 'newer')));
    const onto = text(['x', ...old.with(21, 'theirs')]);
    expect(results(carrySeries([twice], files(onto)))).toMatchObject([{is: 'rejected'}]);
    const carried = carrySeries([twice], files(onto), files(text(old)));
    expect(results(carried)).toEqual([{is: 'merged', line: 21}]);
    expect(carried[0]?.text).toContain(
      '@@ -18,11 +18,11 @@\n line 17\n line 18\n line 19\n-line 20\n+new\n line 21\n theirs\n line 23\n-line 24\n+newer\n',
    );
  });

  it('is not merged with a change of the same line', () => {
    const onto = text(old.with(19, 'theirs'));
    const carried = carrySeries([changes], files(onto), files(text(old)));
    expect(results(carried)).toEqual([
      {
        is: 'rejected',
        mismatch: {
          line: 17,
          matching: 6,
          of: 7,
          differs: {line: 20, expected: 'line 20\n', found: 'theirs\n'},
        },
      },
    ]);
    expect(carried[0]).toMatchObject({text: undefined, rejected: changes.text});
  });

  it('is gone where the new release has it', () => {
    const carried = carrySeries([changes], files(text(old.with(19, 'new').with(0, 'x'))));
    expect(results(carried)).toEqual([{is: 'there'}]);
    expect(carried[0]).toMatchObject({text: undefined, rejected: undefined});
    const twice = patchOf(text(old), text(old.with(19, 'new').with(23, 'newer')));
    const merged = carrySeries(
      [twice],
      files(text(old.with(19, 'new').with(21, 'x').with(23, 'newer'))),
      files(text(old)),
    );
    expect(results(merged)).toEqual([{is: 'there'}]);
    expect(merged[0]).toMatchObject({text: undefined, rejected: undefined});
  });

  it('keeps what fits, and rejects the rest', () => {
    const both = patchOf(text(old), text(old.with(5, 'six').with(29, 'thirty')));
    const [carried] = carrySeries([both], files(text(old.with(5, 'theirs').toSpliced(10, 0, 'x'))));
    expect(carried?.text).toMatch(
      /^Why it is there: .*\n\n--- a\/main\.go\n\+\+\+ b\/main\.go\n@@ -28,7 \+28,7 @@\n/,
    );
    expect(carried?.rejected).toMatch(
      /^Why it is there: .*\n\n--- a\/main\.go\n\+\+\+ b\/main\.go\n@@ -3,7 \+3,7 @@\n/,
    );
  });

  it('is tried on what the patches before it left', () => {
    const next = patchOf(text(old.with(19, 'new')), text(old.with(19, 'newer')), '0002-b.patch');
    const fine = carrySeries([changes, next], files(text(['x', ...old])));
    expect(fine.map(({rejected}) => rejected)).toEqual([undefined, undefined]);
    const bad = carrySeries([changes, next], files(text(old.with(19, 'theirs'))));
    expect(bad.map(({rejected}) => rejected)).toEqual([changes.text, next.text]);
  });

  const creates = patchFrom('0001-a.patch', `${reason}--- /dev/null\n+++ b/main.go\n@@ -0,0 +1 @@\n+one\n`);
  const deletes = patchFrom('0001-a.patch', `${reason}--- a/main.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n`);
  it.each([
    ['makes a file', creates, undefined, creates.text, undefined, undefined],
    ['makes a file that the new release has too', creates, 'one\n', undefined, undefined, undefined],
    ['makes a file that the new release has otherwise', creates, 'two\n', undefined, 'it exists already', ''],
    ['takes a file away', deletes, 'one\n', deletes.text, undefined, undefined],
    ['takes a file away that is gone', deletes, undefined, undefined, undefined, undefined],
    [
      'takes a file away that has changed',
      deletes,
      'two\n',
      undefined,
      'what its first hunk removes is not there',
      '',
    ],
    ['changes a file that is gone', changes, undefined, undefined, 'there is no such file', ''],
    ['changes what is no file', changes, null, undefined, 'it is no regular file', ''],
  ])('%s', (_, patch, onto, refreshed, problem, rejected) => {
    const [carried] = carrySeries([patch], files(onto));
    expect(carried?.text).toBe(refreshed);
    expect(carried?.files[0]?.problem).toBe(problem);
    expect(carried?.rejected === undefined).toBe(rejected === undefined);
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

describe('whatever changed', () => {
  it.skipIf(!hasPatch)(
    'the carried patches apply where they say, without fuzz, and make what was made of the file',
    {timeout: 60_000},
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
            const series = steps.flatMap(([from, to], index) =>
              text(from) === text(to) ? [] : [patchOf(text(from), text(to), `000${index + 1}.patch`)],
            );
            const onto = text(edited(base, drift));
            if (onto === '') return;
            const carried = carrySeries(series, files(onto), files(text(base)));
            const refreshed = carried.flatMap((each) => each.text ?? []);
            const {results: again, files: made} = applySeries(
              refreshed.map((each) => patchFrom('again', each)),
              files(onto),
              0,
            );
            for (const hunk of again.flatMap((each) => each.files.flatMap((file) => file.hunks)))
              expect(hunk.result).toMatchObject({is: 'applied', offset: 0, fuzz: 0});
            const wanted = carried.at(-1)?.files[0]?.lines?.join('');
            expect(made.get('main.go')).toBe(wanted ?? onto);
            let theirs: string | undefined = onto;
            for (const each of refreshed) {
              const applied = await gnuPatch(each, theirs);
              expect(applied).toMatchObject({ok: true, output: expect.not.stringContaining('offset')});
              theirs = applied.text;
            }
            expect(theirs).toBe(made.get('main.go'));
          },
        ),
        {numRuns: Number(process.env['PATCH_RUNS'] ?? 100)},
      );
    },
  );
});
