import {mkdir, readdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {exists} from '../../../src/cache/files.ts';
import {UserError} from '../../../src/errors.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import type {Host} from '../../../src/host/host.ts';
import {localHost} from '../../../src/host/process.ts';
import {fetchSource} from '../../../src/stages/init/git-source.ts';
import {gitSourceTask} from '../../../src/stages/lib/git-source.ts';
import {demoContext, rejection} from '../../rig/demo.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const host = localHost();
const git = async (path: string, ...args: readonly string[]): Promise<string> =>
  (
    await host.run(['git', ['-C', path, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args]])
  ).stdout.trim();

/** More than are asked for at once. */
const count = 4_500;

/** A release of so many files, on a server that can leave them out, as git hosts can, or one that cannot. */
const release = async (dir: TempDir, {filters = true} = {}) => {
  const path = dir.join('server');
  await mkdir(path);
  await git(path, 'init', '--quiet', '--initial-branch=main');
  const files = Array.from({length: count}, (_, index) => {
    const text = `file ${index}\n`;
    return `M 100644 inline d${index % 7}/f${index}\ndata ${text.length}\n${text}`;
  });
  const input = `commit refs/heads/main\ncommitter A <a@example.org> 1 +0000\ndata 1\na\n${files.join('')}`;
  await host.run(['git', ['-C', path, 'fast-import', '--quiet']], {input});
  await git(path, 'tag', '-a', '-m', 'A release', 'v1.0.0', 'main');
  await git(path, 'config', 'uploadpack.allowFilter', String(filters));
  return {path, url: `file://${path}`, commit: await git(path, 'rev-parse', 'main')};
};

const setup = async (dir: TempDir, {url, commit}: {url: string; commit: string}) => {
  const context = await demoContext(dir, host);
  const task = gitSourceTask({
    id: 'init/some-source',
    title: 'Fetch it',
    commit: () => ({url, ref: 'refs/tags/v1.0.0', commit}),
    moved: (found) => new UserError({code: 'KNI-E110', what: 'moved', why: found, tryThis: 'look'}),
  });
  const fingerprint = 'a'.repeat(64);
  const artifact = `${context.dirs.cache}/artifacts/some-source-${fingerprint.slice(0, 16)}`;
  const repository = `${context.dirs.cache}/git/some-source`;
  await mkdir(dirname(artifact), {recursive: true});
  /** How many files were asked for, fetch by fetch. */
  const asked: number[] = [];
  const said: string[] = [];
  const run = (signal: AbortSignal, before: (line: string) => void = () => undefined) => {
    const watched: Host = {
      run: async (command, options) => {
        if (command[1].includes('--stdin')) asked.push(String(options?.input ?? '').split('\n').length - 1);
        before(command[1].join(' '));
        return host.run(command, options);
      },
    };
    const running = {
      fingerprint,
      fingerprintOf: () => fingerprint,
      signal,
      log: (line: string) => void said.push(line),
    };
    return task.run({...context, host: watched}, running);
  };
  const filesIn = async (): Promise<readonly string[]> =>
    (await host.run(['tar', ['-tf', `${artifact}/tree.tar`]])).stdout
      .split('\n')
      .filter((name) => name.includes('/f'));
  return {run, asked, said, artifact, repository, filesIn};
};

describe('a commit of a git repository', () => {
  const {signal} = new AbortController();

  it('is fetched in parts with progress, and leaves only its tree', async () => {
    await using dir = await tempDir();
    const {run, asked, said, repository, filesIn} = await setup(dir, await release(dir));
    await run(signal);
    expect(asked).toEqual([4_000, 500]);
    expect(said).toEqual(expect.arrayContaining([`0 of ${count} files`, `4000 of ${count} files`]));
    expect(await filesIn()).toHaveLength(count);
    expect(await exists(repository)).toBe(false);
  });

  it('is fetched at once from a server that cannot do that', async () => {
    await using dir = await tempDir();
    const {run, asked, filesIn} = await setup(dir, await release(dir, {filters: false}));
    await run(signal);
    expect(asked).toEqual([]);
    expect(await filesIn()).toHaveLength(count);
  });

  it('resumes the fetch of a cancelled run', async () => {
    await using dir = await tempDir();
    const {run, asked, artifact, filesIn} = await setup(dir, await release(dir));
    const cancel = new AbortController();
    let fetches = 0;
    const cancelled = run(cancel.signal, (line) => {
      if (line.includes('--stdin') && ++fetches === 2) cancel.abort(new Error('cancelled'));
    });
    await expect(cancelled).rejects.toMatchObject({reason: 'cancelled'});
    expect(await exists(artifact)).toBe(false);
    asked.length = 0;
    await run(signal);
    expect(asked).toEqual([500]);
    expect(await filesIn()).toHaveLength(count);
  });

  it('is fetched again if the existing clone is broken', async () => {
    await using dir = await tempDir();
    const {run, asked, repository, filesIn} = await setup(dir, await release(dir));
    const broken = run(signal, (line) => {
      if (line.includes('--stdin') && asked.length === 2)
        throw new CommandError(['git', []], {reason: 'exit code 128', output: 'fatal: bad object'});
    });
    expect((await rejection(broken, UserError)).why).toBe('fatal: bad object');
    expect(await exists(repository)).toBe(false);
    asked.length = 0;
    await run(signal);
    expect(asked).toEqual([4_000, 500]);
    expect(await filesIn()).toHaveLength(count);
  });

  it('is refused before any file is fetched if the tag means another one; nothing is kept', async () => {
    await using dir = await tempDir();
    const {url, commit} = await release(dir);
    const {run, asked, artifact, repository} = await setup(dir, {url, commit: 'b'.repeat(40)});
    expect((await rejection(run(signal), UserError)).why).toBe(commit);
    expect(asked).toEqual([]);
    expect([await exists(artifact), await exists(repository)]).toEqual([false, false]);
  });
});

describe('a stack that pins a commit', () => {
  it('says which tag is not what it was', async () => {
    await using dir = await tempDir();
    const {url, commit} = await release(dir);
    const context = await demoContext(dir, host);
    const {stack} = context;
    const source = {from: 'git', url, tag: 'v1.0.0', commit: 'b'.repeat(40)} as const;
    const task = fetchSource('containerd');
    const pinning = {...context, stack: {...stack, containerd: {...stack.containerd, source}}};
    await mkdir(`${context.dirs.cache}/artifacts`, {recursive: true});
    const {signal} = new AbortController();
    const running = {fingerprint: 'a'.repeat(64), fingerprintOf: () => '', signal, log: () => undefined};
    const error = await rejection(Promise.resolve(task.run(pinning, running)), UserError);
    expect(error.what).toBe(`v1.0.0 at ${url} differs from what the stack bookworm pins`);
    expect(error.why).toBe(`it is commit ${commit}, expected ${'b'.repeat(40)}`);
    expect(error.tryThis).toContain('the download was not kept');
    expect(await readdir(`${context.dirs.cache}/artifacts`)).toEqual([]);
  });
});
