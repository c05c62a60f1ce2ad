import {mkdir, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {describe, expect, it, vi} from 'vitest';
import {exitCodes} from '../../../src/exit-codes.ts';
import {localHost} from '../../../src/host/process.ts';
import type {Component, Place} from '../../../src/stacks/own-source.ts';
import {fetchOwn} from '../../../src/stages/init/own-source.ts';
import {resolveOwnSource} from '../../../src/stages/lib/resolve-own-source.ts';
import {demoContext} from '../../rig/demo.ts';
import {type TempDir, tempDir} from '../../rig/temp-dir.ts';

const host = localHost();
const {signal} = new AbortController();
const git = async (dir: string, ...args: readonly string[]): Promise<string> => {
  const identity = ['-c', 'user.name=Somebody', '-c', 'user.email=somebody@example.org'];
  return (await host.run(['git', ['-C', dir, ...identity, ...args]])).stdout.trim();
};

/** A repository with a tag, a branch and an ignored file, as small as a source tree can be. */
const repository = async (dir: TempDir) => {
  const path = dir.join('kubernetes');
  await mkdir(`${path}/cmd/kubelet`, {recursive: true});
  await writeFile(`${path}/cmd/kubelet/main.go`, 'package main\n');
  await writeFile(`${path}/.gitignore`, '_output\n');
  await git(dir.path, 'init', '--quiet', '--initial-branch=main', path);
  await git(path, 'add', '--all');
  await git(path, 'commit', '--quiet', '-m', 'first');
  await git(path, 'tag', '-a', '-m', 'a release', 'v1.20.2');
  const first = await git(path, 'rev-parse', 'HEAD');
  await writeFile(`${path}/cmd/kubelet/main.go`, 'package main // changed\n');
  await git(path, 'commit', '--quiet', '--all', '-m', 'second');
  return {path, first, second: await git(path, 'rev-parse', 'HEAD')};
};

const setup = async (dir: TempDir) => {
  const context = await demoContext(dir, host);
  await mkdir(context.dirs.cache, {recursive: true});
  const resolved = (place: Place, component: Component = 'kubernetes') =>
    resolveOwnSource({component, place}, true, context, signal);
  /** Of the tarball that is made of it. */
  const filesOf = async (place: Place) => {
    const source = fetchOwn(await resolved(place));
    const fingerprint = 'a'.repeat(64);
    await source.run(context, {fingerprint, fingerprintOf: () => fingerprint, signal, log: () => undefined});
    const tarball = `${context.dirs.cache}/artifacts/own-kubernetes-source-${fingerprint.slice(0, 16)}/tree.tar`;
    await host.run(['tar', ['-C', dir.path, '--one-top-level=unpacked', '-xf', tarball]]);
    return (await readdir(dir.join('unpacked'), {recursive: true})).sort();
  };
  return {context, resolved, filesOf};
};

describe('sources from git', () => {
  it('are fetched apart from the repository whose hook runs kni-demo', async () => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    await git(dir.path, 'init', '--quiet', 'hook');
    const {filesOf} = await setup(dir);
    const before = await readdir(dir.join('hook'), {recursive: true});
    vi.stubEnv('GIT_DIR', dir.join('hook/.git'));
    vi.stubEnv('GIT_INDEX_FILE', dir.join('hook/.git/index'));
    try {
      expect(await filesOf({kind: 'git', url: `file://${path}`, ref: 'main'})).toContain(
        'cmd/kubelet/main.go',
      );
      expect(await filesOf({kind: 'directory', path})).toContain('cmd/kubelet/main.go');
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await readdir(dir.join('hook'), {recursive: true})).toEqual(before);
  });

  it.each([
    ['v1.20.2', 'first'],
    ['main', 'second'],
    ['HEAD', 'second'],
  ] as const)('are the commit that %s means', async (ref, commit) => {
    await using dir = await tempDir();
    const {path, ...commits} = await repository(dir);
    const {resolved} = await setup(dir);
    expect((await resolved({kind: 'git', url: `file://${path}`, ref})).revision).toBe(commits[commit]);
    expect((await resolved({kind: 'git', url: path, ref})).revision).toBe(commits[commit]);
  });

  it('are fetched as that commit has them', async () => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    const {filesOf} = await setup(dir);
    expect(await filesOf({kind: 'git', url: `file://${path}`, ref: 'v1.20.2'})).toEqual([
      '.gitignore',
      'cmd',
      'cmd/kubelet',
      'cmd/kubelet/main.go',
    ]);
    expect(await readFile(dir.join('unpacked/cmd/kubelet/main.go'), 'utf8')).toBe('package main\n');
  });

  it('are refused if the ref means something else by the time it is fetched; nothing is kept', async () => {
    await using dir = await tempDir();
    const {path, first} = await repository(dir);
    const {context, resolved} = await setup(dir);
    const source = await resolved({kind: 'git', url: `file://${path}`, ref: 'main'});
    await git(path, 'reset', '--quiet', '--hard', first);
    const task = fetchOwn(source);
    const running = {fingerprint: 'a'.repeat(64), fingerprintOf: () => '', signal, log: () => undefined};
    await expect(task.run(context, running)).rejects.toMatchObject({
      what: `main at file://${path} has moved`,
    });
    expect(await readdir(`${context.dirs.cache}/artifacts`)).toEqual([]);
  });

  it.each([
    ['a missing ref', 'nope', 'nope does not exist at'],
    ['a repository that there is not', undefined, 'cannot read file:///nowhere'],
  ])('are refused in one line: %s', async (_, ref, what) => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    const {resolved} = await setup(dir);
    const place: Place =
      ref === undefined
        ? {kind: 'git', url: 'file:///nowhere', ref: 'main'}
        : {kind: 'git', url: `file://${path}`, ref};
    const refusal = await resolved(place).catch((error: unknown) => error);
    expect(refusal).toMatchObject({name: 'UserError', what: expect.stringContaining(what) as string});
    expect(String(refusal)).not.toContain('\n');
  });

  it('are refused if a directory has changes that would be left out', async () => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    const {resolved} = await setup(dir);
    await writeFile(`${path}/new.go`, '');
    await expect(resolved({kind: 'git', url: path, ref: 'main'})).rejects.toMatchObject({
      what: `${path} has uncommitted changes, which #main does not include`,
      exitCode: exitCodes.badInput,
    });
  });
});

describe('sources in a directory', () => {
  it('are what is there now, committed or not, but for what git ignores; nothing is written to it', async () => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    const {resolved, filesOf} = await setup(dir);
    const place: Place = {kind: 'directory', path};
    const committed = await resolved(place);
    await writeFile(`${path}/new.go`, 'package main\n');
    await mkdir(`${path}/_output`);
    await writeFile(`${path}/_output/kubelet`, 'a program');
    const repositoryBefore = await readdir(`${path}/.git`, {recursive: true});
    const changed = await resolved(place);
    expect(changed.revision).not.toBe(committed.revision);
    expect(await filesOf(place)).toContain('new.go');
    expect(await filesOf(place)).not.toContain('_output');
    expect(await readdir(`${path}/.git`, {recursive: true})).toEqual(repositoryBefore);
    await rm(`${path}/new.go`);
    expect((await resolved(place)).revision).toBe(committed.revision);
  });

  it('need not be a repository, and may be a link', async () => {
    await using dir = await tempDir();
    const {path} = await repository(dir);
    await rm(`${path}/.git`, {recursive: true});
    await symlink(path, dir.join('link'));
    const {resolved, filesOf} = await setup(dir);
    const place: Place = {kind: 'directory', path: dir.join('link')};
    const before = await resolved(place);
    await writeFile(`${path}/new.go`, '');
    expect((await resolved(place)).revision).not.toBe(before.revision);
    expect(await filesOf(place)).toContain('new.go');
  });

  it.each([
    ['nowhere', 'it is neither a directory nor a git URL'],
    ['kubernetes/cmd/kubelet/main.go', 'it is neither a directory nor a git URL'],
    ['kubernetes', 'it has no cmd/containerd, which every source tree of containerd has'],
  ])('are refused: %s', async (name, why) => {
    await using dir = await tempDir();
    await repository(dir);
    const {resolved} = await setup(dir);
    await expect(resolved({kind: 'directory', path: dir.join(name)}, 'containerd')).rejects.toMatchObject({
      why,
      exitCode: exitCodes.badInput,
    });
  });
});
