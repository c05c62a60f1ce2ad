import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, readdir, readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, expect, inject, it} from 'vitest';
import type {Figures} from '../bench/report.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const launcher = fileURLToPath(new URL('../bench/run.js', import.meta.url));

let dir: TempDir;
beforeEach(async () => {
  dir = await tempDir();
});
afterEach(() => dir[Symbol.asyncDispose]());

/** Temporary files of the benchmark go where they can be counted. */
const start = (...args: string[]) => {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: {...process.env, TMPDIR: dir.path},
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // as leader of a new process group
  });
  const said = {stdout: '', stderr: ''};
  child.stdout.on('data', (chunk) => (said.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (said.stderr += String(chunk)));
  const ended = once(child, 'close').then(([exitCode]) => ({exitCode: exitCode as number | null, ...said}));
  return {child, said, ended};
};

/** A network runtime that takes its places from its arguments only: ours, by another name. */
const otherRuntime = async (): Promise<string> => {
  const file = dir.join('other-runtime');
  // As a text within the script: on its node other files of /tmp are out of sight.
  const text = (await readFile(inject('runtimeFile'))).toString('base64');
  const script = [
    '#!/bin/sh',
    `base64 --decode >/run/other.cjs <<'END'`,
    text,
    'END',
    `exec '${process.execPath}' /run/other.cjs --node-name=other --kubeconfig=/run/none "$@"`,
  ];
  await writeFile(file, `${script.join('\n')}\n`);
  await chmod(file, 0o755);
  return file;
};

it('measures the network runtime, the floor and another network runtime side by side', async () => {
  const json = dir.join('figures.json');
  const file = await otherRuntime();
  const places =
    '--socket={socket} --state-dir={statedir} --cni-conf-dir={confdir} --cni-bin-dir={bindir} --netns-dir=/run/netns';
  const asked = ['--cycles', '2', '--records', '30', '--soak', '8', '--json', json];
  const run = start(...asked, '--against', file, `--against-args=${places}`);
  const {exitCode, stdout, stderr} = await run.ended;
  expect(stderr).not.toMatch(/fail|ended/i);
  expect(exitCode).toBe(0);

  const figures = JSON.parse(await readFile(json, 'utf8')) as Figures;
  expect(figures.runtimes.map(({name}) => name)).toEqual(['ours', 'other-runtime']);
  for (const {steps, cyclesPerSecond} of figures.runtimes) {
    expect(Object.keys(steps)).toEqual(['Create', 'Attach', 'Query', 'Detach', 'Delete']);
    expect(
      Object.values(steps).every(({count, median, p99}) => count === 2 && p99 >= median && median > 0),
    ).toBe(true);
    expect(cyclesPerSecond).toBeGreaterThan(0);
  }
  expect(Object.keys(figures.floor.steps)).toEqual(['Create', 'Attach', 'Detach', 'Delete']);
  expect(figures.manyRecords).toMatchObject({records: 30, start: {count: 5}});
  expect(figures.soak?.samples.map(({cycles}) => cycles)).toEqual([0, 8]);
  expect(stdout).toMatch(/^Attach .* % .* 43\.0$/m);
  expect(stdout).toContain('not measured in this run');
  expect(await readdir(dir.path)).toEqual(['figures.json', 'other-runtime']);
}, 240_000);

it.each([
  ['SIGTERM', 1],
  ['SIGINT', -1], // Ctrl-C on a terminal reaches the whole process group
] as const)('puts everything away when it is stopped by %s', async (signal, sign) => {
  const {child, said, ended} = start('--cycles', '1000', '--records', '0');
  while (!said.stderr.includes('one pod at a time')) await once(child.stderr, 'data');
  const nodes = await holdersOf(child.pid);
  expect(nodes).toHaveLength(2);
  process.kill(sign * (child.pid ?? 0), signal);
  expect(await ended).toMatchObject({exitCode: 130, stderr: expect.stringMatching(/^bench: stopped$/m)});
  expect(await readdir(dir.path)).toEqual([]);
  const left = new Set(await readdir('/proc'));
  expect(nodes.filter((pid) => left.has(String(pid)))).toEqual([]);
});

/** The processes that hold the namespaces of its test nodes. */
const holdersOf = async (bench: number | undefined): Promise<number[]> => {
  const children = await readFile(`/proc/${bench}/task/${bench}/children`, 'utf8');
  const pids = children.trim().split(' ').map(Number);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')));
  return pids.filter((_, index) => lines[index] === 'sleep\0infinity\0');
};

it.each([['--cycles', 'many'], ['--against', '/no/such/program'], ['--unknown']])(
  'says in one line what is wrong with %s %s',
  async (...args) => {
    const {exitCode, stdout, stderr} = await start(...args).ended;
    expect({exitCode, stdout}).toEqual({exitCode: 2, stdout: ''});
    expect(stderr).toMatch(/^bench: [^\n]+\n$/);
  },
);
