import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdir} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {expect, it} from 'vitest';
import {tempDir} from '../rig/temp-dir.ts';

const launcher = fileURLToPath(new URL('../bench/run.js', import.meta.url));

const bench = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: {...process.env, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = {stdout: '', stderr: ''};
  child.stdout.on('data', (chunk) => (printed.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (printed.stderr += String(chunk)));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return {exitCode, ...printed};
};

it.each([['--cycles', 'many'], ['--against', '/no/such/program'], ['--unknown']])(
  'says in one line what is wrong with %s %s',
  async (...args) => {
    const {exitCode, stdout, stderr} = await bench(args);
    expect({exitCode, stdout}).toEqual({exitCode: 2, stdout: ''});
    expect(stderr).toMatch(/^bench: [^\n]+\n$/);
  },
);

it('says what to do when the demo was not built', async () => {
  await using dir = await tempDir();
  const {exitCode, stdout, stderr} = await bench([], {XDG_CACHE_HOME: dir.path, TMPDIR: dir.path});
  expect({exitCode, stdout}).toEqual({exitCode: 1, stdout: ''});
  expect(stderr).toMatch(/^bench: cannot build the Go client: .* run `npx kni-demo up` first$/m);
  expect(await readdir(dir.path)).toEqual([]);
});
