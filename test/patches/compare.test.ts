import {mkdir, writeFile} from 'node:fs/promises';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {diffTexts, mergeTexts} from '../../src/patches/compare.ts';
import {withWorkbench} from '../../src/patches/workbench.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const {signal} = new AbortController();
const lines = (...changed: readonly (readonly [number, string])[]): string =>
  Array.from({length: 12}, (_, index) => `${new Map(changed).get(index) ?? index}\n`).join('');

let home: TempDir;
beforeEach(async () => {
  home = await tempDir();
  await mkdir(home.join('.config/git'), {recursive: true});
  vi.stubEnv('HOME', home.path);
  vi.stubEnv('XDG_CONFIG_HOME', home.join('.config'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await home[Symbol.asyncDispose]();
});

it.each([
  ['a text conversion', '[diff "upper"]\ntextconv = tr a-z A-Z <', {}],
  ['line ends of another system', '[core]\nautocrlf = true', {}],
  ['joined hunks', '[diff]\ninterHunkContext = 20', {}],
  ['an order of files', '[diff]\norderFile = /missing', {}],
  ['a value that git does not know', '[diff]\nalgorithm = bogus', {}],
  ['variables of git', '', {GIT_DIFF_OPTS: '-u9', GIT_DIR: '/missing', GIT_CONFIG_COUNT: 'x'}],
])("ignores the user's git configuration: %s", async (_, configuration, variables) => {
  await writeFile(home.join('.gitconfig'), configuration);
  await writeFile(home.join('.config/git/attributes'), '* diff=upper');
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  await withWorkbench(localHost(), signal, async (bench) => {
    const before = lines([1, 'one\r'], [10, 'ten']);
    const after = lines([1, 'One'], [10, 'last']);
    expect((await diffTexts(bench, before, after)).match(/^[-+@].*\r?$/gm)).toEqual([
      '@@ -1,5 +1,5 @@',
      '-one\r',
      '+One',
      '@@ -8,5 +8,5 @@ one',
      '-ten',
      '+last',
    ]);
    const texts = {base: lines(), ours: lines([1, 'one']), theirs: lines([10, 'ten'])};
    expect(await mergeTexts(bench, texts)).toBe(lines([1, 'one'], [10, 'ten']));
  });
});
