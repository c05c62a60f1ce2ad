import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmod, readdir, readFile, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {build} from 'esbuild';
import {describe, expect, it, vi} from 'vitest';
import {killOrphans} from '../../../runtime/src/cni/orphans.ts';
import {createExec, type Exec} from '../../../runtime/src/process/exec.ts';
import {tempDir} from '../../rig/temp-dir.ts';

vi.setConfig({testTimeout: 60_000});

const timeoutMs = 60_000;
const bash = (script: string, limitMs = timeoutMs) => ({
  file: 'bash',
  args: ['-c', script],
  timeoutMs: limitMs,
});
/** The parent of a program: its shell. */
const shellOf = async (exec: Exec): Promise<number> => {
  const ending = await exec(bash('echo $PPID'));
  return ending.kind === 'exited' ? Number(ending.stdout) : 0;
};
/** Ended, and waited for by us: only then can we know. */
const isGone = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) === '';

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

describe('the shells', () => {
  it('stay small whatever a program prints', async () => {
    const exec = createExec();
    const shell = await shellOf(exec);
    const peak = async () =>
      Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${shell}/status`, 'utf8'))?.[1]);
    expect(await exec(bash('head -c 1000000 /dev/zero'))).toMatchObject({
      kind: 'exited',
      stdout: '\0'.repeat(1_000_000),
    });
    expect(await shellOf(exec)).toBe(shell);
    expect(await peak()).toBeLessThan(4096);
    expect(await exec(bash('head -c 64M /dev/zero'))).toMatchObject({kind: 'too-much-output'});
    expect(await isGone(shell)).toBe(true);
  });

  it('pass input that a shell cannot take another way', async () => {
    const exec = createExec();
    const stdin = 'x'.repeat(1_000_000);
    expect(await exec({file: 'cat', stdin, timeoutMs})).toMatchObject({stdout: stdin});
    expect(await exec({file: 'cat', stdin: 'a\0b', timeoutMs})).toMatchObject({stdout: 'a\0b'});
    const odd = await exec({file: 'env', env: {'not.a.name': 'yes'}, timeoutMs});
    expect(odd).toMatchObject({stdout: expect.stringContaining('not.a.name=yes\n')});
  });

  it('are not used once they are dead, and not needed at all', async () => {
    const exec = createExec();
    const shell = await shellOf(exec);
    process.kill(shell, 'SIGKILL');
    while (!(await isGone(shell))) await delay(5);
    expect(await exec(bash('echo on'))).toMatchObject({stdout: 'on\n'});
    const without = createExec({env: {PATH: '/nowhere'}});
    expect(await without({file: '/bin/echo', args: ['on'], timeoutMs})).toMatchObject({stdout: 'on\n'});
  });

  it('become fewer when they are not needed', async () => {
    const exec = createExec({idleShellMs: 200});
    const shells = await Promise.all(Array.from({length: 4}, () => exec(bash('sleep 0.5; echo $PPID'))));
    const pids = shells.map((ending) => (ending.kind === 'exited' ? Number(ending.stdout) : 0));
    expect(new Set(pids).size).toBe(4);
    await vi.waitFor(async () => expect(await Promise.all(pids.map(isGone))).not.toContain(false), 10_000);
    expect(await exec(bash('echo on'))).toMatchObject({stdout: 'on\n'});
  });

  it('leave nothing in the file system', async () => {
    await using dir = await tempDir();
    const old = process.env['TMPDIR'];
    process.env['TMPDIR'] = dir.path;
    try {
      expect(await createExec()(bash('echo on'))).toMatchObject({stdout: 'on\n'});
      expect(await readdir(dir.path)).toEqual([]);
    } finally {
      if (old === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = old;
    }
  });

  it('keep no descriptor when there were too few for them', async () => {
    await using dir = await tempDir();
    const code = `
      import {closeSync, openSync, readdirSync} from 'node:fs';
      import {setTimeout as delay} from 'node:timers/promises';
      import {createExec} from './runtime/src/process/exec.ts';
      const open = () => readdirSync('/proc/self/fd').length;
      const stop = new AbortController();
      const exec = createExec({stop: stop.signal});
      process.stdout.write(''); // libuv opens a descriptor with its first stream
      const before = open();
      const endings = new Set();
      for (let left = 0; left < 24; left++) {
        const taken = [];
        try {
          for (;;) taken.push(openSync('/dev/null'));
        } catch {}
        for (const fd of taken.splice(0, left)) closeSync(fd);
        const programs = [1, 2, 3].map(() => exec({file: 'true', timeoutMs: ${timeoutMs}}));
        for (const {kind, error} of await Promise.all(programs)) endings.add(error?.code ?? kind);
        for (const fd of taken) closeSync(fd);
      }
      stop.abort();
      for (let tries = 0; tries < 500 && open() > before; tries++) await delay(10);
      console.log(JSON.stringify({endings: [...endings].sort(), kept: open() - before}));`;
    const outfile = join(dir.path, 'short-of-descriptors.mjs');
    const stdin = {contents: code, resolveDir: process.cwd()};
    await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm'});
    const limited = ['-c', 'ulimit -n 100 && exec "$0" "$1"', process.execPath, outfile];
    const {stdout, stderr} = spawnSync('sh', limited, {encoding: 'utf8'});
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({endings: ['EMFILE', 'exited'], kept: 0});
  });

  it('do not end the network runtime when none are left to look for the processes of a killed program', async () => {
    await using dir = await tempDir();
    const code = `
      import {closeSync, openSync} from 'node:fs';
      import {setTimeout as delay} from 'node:timers/promises';
      import {createExec} from './runtime/src/process/exec.ts';
      const exec = createExec();
      const taken = [];
      const ending = exec({file: 'sh', args: ['-c', 'sleep 1000 & echo begun; sleep 1000'], timeoutMs: 1000});
      await delay(500);
      setInterval(() => {
        try {
          for (;;) taken.push(openSync('/dev/null'));
        } catch {}
      }, 1);
      const {kind} = await ending;
      for (const fd of taken) closeSync(fd);
      console.log(kind);
      process.exit();`;
    const outfile = join(dir.path, 'no-descriptors.mjs');
    const stdin = {contents: code, resolveDir: process.cwd()};
    await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm'});
    // As PID 1 it does not reap the child of the killed program, so that one stays a zombie.
    const limited = [
      '-c',
      'ulimit -n 100 && exec unshare --pid --fork --mount-proc "$0" "$1"',
      process.execPath,
    ];
    const {stdout, stderr} = spawnSync('sh', [...limited, outfile], {encoding: 'utf8'});
    expect({stdout, stderr}).toEqual({stdout: 'timed-out\n', stderr: ''});
  });

  it('and what they run are found after the one that started them was killed; idle ones end by themselves', async () => {
    const owner = `test-${process.pid}`;
    await using dir = await tempDir();
    const code = `
      import {createExec} from './runtime/src/process/exec.ts';
      const exec = createExec({env: {KNI_RUNTIME: ${JSON.stringify(owner)}}, readyShells: 2});
      const flag = ${JSON.stringify(join(dir.path, 'running'))};
      void exec({file: 'sh', args: ['-c', 'touch "$0" && exec sleep 1000', flag], timeoutMs: 600_000});
      const {existsSync} = await import('node:fs');
      while (!existsSync(flag)) await new Promise((resolve) => setTimeout(resolve, 10));
      process.stdout.write('ready');
      setInterval(() => {}, 1e6);`;
    const outfile = join(dir.path, 'daemon.mjs');
    const stdin = {contents: code, resolveDir: process.cwd()};
    await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm'});
    const daemon = spawn(process.execPath, [outfile], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(daemon.stdout, 'data');
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    const shellAndProgram = 2;
    await vi.waitFor(async () => expect(await withMark(owner)).toHaveLength(shellAndProgram), 10_000);
    expect(await killOrphans(owner)).toBe(shellAndProgram);
    expect(await withMark(owner)).toEqual([]);
  });
});

const withMark = async (owner: string): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const marked = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''))
        .split('\0')
        .includes(`KNI_RUNTIME=${owner}`),
    ),
  );
  return pids.filter((_, index) => marked[index]);
};
