/**
 * The benchmark, with its client built as on a user's machine. Uses the builder image and the sources of the
 * cluster, not the cluster. Takes one minute.
 */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, readdir, readFile, writeFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {containerdBuilderImage} from '../../../src/stages/build/containerd-builder-image.ts';
import {bundleProgram} from '../../../src/stages/lib/bundle-program.ts';
import type {Figures} from '../../bench/report.ts';
import {useImages} from '../../rig/cluster/fixture.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

useImages(containerdBuilderImage.id);

const launcher = fileURLToPath(new URL('../../bench/run.js', import.meta.url));

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
  await bundleProgram('runtime', file);
  const text = await readFile(file, 'base64');
  const script = [
    '#!/bin/sh',
    '[ "$(pwd)" = /var/lib/kni-against ] || exit 9',
    `base64 --decode >/run/other.cjs <<'END'`,
    text,
    'END',
    `exec '${process.execPath}' /run/other.cjs --node-name=other --kubeconfig=/run/none "$@"`,
  ];
  await writeFile(file, `${script.join('\n')}\n`);
  await chmod(file, 0o755);
  return file;
};

/** The processes that hold the namespaces of its test nodes. */
const holdersOf = async (bench: number | undefined): Promise<number[]> => {
  const children = await readFile(`/proc/${bench}/task/${bench}/children`, 'utf8');
  const pids = children.trim().split(' ').map(Number);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')));
  return pids.filter((_, index) => lines[index] === 'sleep\0infinity\0');
};

describe('the benchmark', () => {
  it('measures the network runtime, libcni and another network runtime side by side', async () => {
    const [json, svg, file] = [dir.join('figures.json'), dir.join('chart.svg'), await otherRuntime()];
    const places =
      '--socket={socket} --state-dir={statedir} --cni-conf-dir={confdir} --cni-bin-dir={bindir} --netns-dir=/run/netns';
    const asked = ['--cycles', '3', '--records', '30', '--soak', '8', '--json', json, '--svg', svg];
    const run = start(...asked, '--against', file, `--against-args=${places}`);
    const {exitCode, stdout, stderr} = await run.ended;
    expect(stderr).not.toMatch(/fail|ended/i);
    expect(exitCode).toBe(0);

    const figures = JSON.parse(await readFile(json, 'utf8')) as Figures;
    expect(figures.runtimes.map(({name}) => name)).toEqual(['ours', 'other-runtime']);
    for (const {steps, cyclesPerSecond, cpu, memory, start: starts} of figures.runtimes) {
      expect(Object.keys(steps)).toEqual(['Create', 'Attach', 'Query', 'QueryNode', 'Detach', 'Delete']);
      for (const {count, median, p90, p99} of Object.values(steps)) {
        expect({count, isSorted: 0 < median && median <= p90 && p90 <= p99}).toEqual({
          count: 3,
          isSorted: true,
        });
      }
      expect(cyclesPerSecond).toBeGreaterThan(0);
      expect(cpu?.processMs).toBeGreaterThan(0);
      // The kernel counts both in ticks of 10 ms, over 3 cycles.
      expect(cpu?.mainThreadMs).toBeLessThanOrEqual((cpu?.processMs ?? 0) + 10 / 3);
      expect(memory?.startMb).toBeGreaterThan(30);
      expect(starts).toMatchObject({count: 10});
    }
    expect(Object.keys(figures.floor.steps)).toEqual(['Create', 'Attach', 'Detach', 'Delete']);
    expect(figures.manyRecords).toMatchObject({records: 30, start: {count: 5}});
    expect(figures.soak?.samples.map(({cycles}) => cycles)).toEqual([0, 8]);
    expect(stdout).toMatch(
      /^\| AttachInterface +(\| +[\d.]+ \/ [\d.]+ \/ [\d.]+ ){3}(\| +\d+\.\d\d ){3}\|$/m,
    );
    expect(await readFile(svg, 'utf8')).toContain('QueryNodeNetworks');
    expect(await readdir(dir.path)).toEqual(['chart.svg', 'figures.json', 'other-runtime']);
  });

  it.each([
    ['SIGTERM', 1],
    ['SIGINT', -1], // Ctrl-C on a terminal reaches the whole process group
  ] as const)('leaves nothing when it is stopped by %s', async (signal, sign) => {
    const {child, said, ended} = start('--cycles', '1000', '--records', '0');
    while (!said.stderr.includes('one pod at a time')) {
      await Promise.race([once(child.stderr, 'data'), ended]);
      if (child.exitCode !== null) throw new Error(`it ended: ${said.stderr}`);
    }
    const nodes = await holdersOf(child.pid);
    expect(nodes).toHaveLength(2);
    process.kill(sign * (child.pid ?? 0), signal);
    expect(await ended).toMatchObject({exitCode: 130, stderr: expect.stringMatching(/^bench: stopped$/m)});
    expect(await readdir(dir.path)).toEqual([]);
    const left = new Set(await readdir('/proc'));
    expect(nodes.filter((pid) => left.has(String(pid)))).toEqual([]);
  });
});
