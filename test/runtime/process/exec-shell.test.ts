import {spawnSync} from 'node:child_process';
import {chmod, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, vi} from 'vitest';
import {createExec, type Exec} from '../../../runtime/src/process/exec.ts';
import {bash, shellOf, timeoutMs} from '../../rig/runtime/plugin-shell.ts';
import {tempDir} from '../../rig/temp-dir.ts';

vi.setConfig({testTimeout: 60_000});

describe.each(['dash', 'bash'])('a program that is started by %s', (name) => {
  const withSh = async (): Promise<AsyncDisposable & {readonly exec: Exec}> => {
    const dir = await tempDir();
    await symlink(`/bin/${name}`, join(dir.path, 'sh'));
    const stop = new AbortController();
    const exec = createExec({env: {PATH: `${dir.path}:${process.env['PATH']}`}, stop: stop.signal});
    return {
      exec,
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        await dir[Symbol.asyncDispose]();
      },
    };
  };

  it('is started by the same shell as the one before, not by us', async () => {
    await using sh = await withSh();
    const shell = await shellOf(sh.exec);
    expect(shell).not.toBe(process.pid);
    expect(await shellOf(sh.exec)).toBe(shell);
    expect(await readFile(`/proc/${shell}/cmdline`, 'utf8')).toBe('sh\0-s\0kni-plugin-starter\x001\0');
  });

  it('gets arguments, environment and stdin as they are', async () => {
    await using sh = await withSh();
    const odd = `a'b"c$HOME\`id\`\\n\n__END__\n)\nEOF\nü\t* ~ !x # %s`;
    const code =
      'process.stdout.write(process.argv[1] + "|" + process.env.ODD + "|" + require("node:fs").readFileSync(0))';
    const ending = await sh.exec({
      file: process.execPath,
      args: ['-e', code, odd],
      env: {ODD: odd},
      stdin: `${odd}\n\n`,
      timeoutMs,
    });
    expect(ending).toEqual({kind: 'exited', exitCode: 0, stdout: `${odd}|${odd}|${odd}\n\n`, stderr: ''});
  });

  it('leaves nothing to the next one', async () => {
    await using sh = await withSh();
    const env = {file: '/usr/bin/env', args: ['-0'], timeoutMs};
    const before = await sh.exec(env);
    await sh.exec({
      ...bash('cd /; umask 0; echo out; echo err >&2; exit 3'),
      env: {CNI_COMMAND: 'ADD', PATH: '/bin', IFS: 'x'},
      stdin: 'x\n',
    });
    expect(await sh.exec(env)).toEqual(before);
    const state = await sh.exec(bash('pwd; umask'));
    const umask = process.umask().toString(8).padStart(4, '0');
    expect(state).toMatchObject({stdout: `${process.cwd()}\n${umask}\n`, stderr: ''});
  });

  it('gets no variable of the shell, and no descriptor', async () => {
    await using sh = await withSh();
    const named = await sh.exec({file: '/usr/bin/env', args: [], timeoutMs});
    const names =
      named.kind === 'exited' ? [...named.stdout.matchAll(/^(\w+)=/gm)].map(([, each = '']) => each) : [];
    const own = new Set(['_', 'KNI_PGID']);
    expect(names.filter((each) => !own.has(each) && process.env[each] === undefined)).toEqual([]);
    const files = await sh.exec({file: 'ls', args: ['/proc/self/fd'], timeoutMs});
    const direct = spawnSync('ls', ['/proc/self/fd'], {encoding: 'utf8'});
    expect(files).toMatchObject({stdout: direct.stdout});
  });

  it('may exit as a shell does that finds no program', async () => {
    await using sh = await withSh();
    for (const exitCode of [126, 127])
      expect(await sh.exec(bash(`exit ${exitCode}`))).toMatchObject({kind: 'exited', exitCode});
    expect(await sh.exec({file: '/missing', timeoutMs})).toMatchObject({
      kind: 'not-started',
      error: {code: 'ENOENT'},
    });
    expect(await sh.exec({file: '/etc/passwd', timeoutMs})).toMatchObject({error: {code: 'EACCES'}});
  });

  it('may be a script without an interpreter', async () => {
    await using sh = await withSh();
    await using dir = await tempDir();
    const file = join(dir.path, 'script');
    await writeFile(file, 'echo "said $1"\n');
    await chmod(file, 0o755);
    expect(await sh.exec({file, args: ['it'], timeoutMs})).toMatchObject({
      kind: 'exited',
      stdout: 'said it\n',
    });
  });

  it('may signal its whole process group', async () => {
    await using sh = await withSh();
    expect(await sh.exec(bash('kill -TERM 0; sleep 1000'))).toMatchObject({
      kind: 'signalled',
      signal: 'SIGTERM',
    });
    expect(await sh.exec(bash('echo on'))).toMatchObject({stdout: 'on\n'});
  });

  it('is waited for until its children let go of its output', async () => {
    await using sh = await withSh();
    expect(await sh.exec(bash('(sleep 1; echo late) & echo early'))).toMatchObject({stdout: 'early\nlate\n'});
    expect(await sh.exec(bash('(sleep 1; echo late >&2) >/dev/null & :'))).toMatchObject({stderr: 'late\n'});
    expect(await sh.exec(bash('sleep 1000 & echo early', 1500))).toMatchObject({kind: 'timed-out'});
    expect(await sh.exec(bash('echo on'))).toMatchObject({stdout: 'on\n', stderr: ''});
  });
});

describe('a program', () => {
  const script = 'echo $KNI_PGID $(cut -d " " -f 5 /proc/$$/stat)';

  it.each([
    ['by a shell', {}],
    ['directly, with more stdin than a shell takes', {stdin: 'x'.repeat(100_000)}],
  ])('has the id of its process group in its environment when it is started %s', async (_, how) => {
    const ending = await createExec()({...bash(script), ...how});
    expect(ending).toMatchObject({stdout: expect.stringMatching(/^(\d+) \1\n$/) as string});
  });
});
