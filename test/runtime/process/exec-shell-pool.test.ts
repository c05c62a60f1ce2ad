import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {build} from 'esbuild';
import {describe, expect, it, vi} from 'vitest';
import {killOrphans} from '../../../runtime/src/cni/orphans.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {bash, shellOf, timeoutMs} from '../../rig/runtime/plugin-shell.ts';
import {tempDir} from '../../rig/temp-dir.ts';

vi.setConfig({testTimeout: 60_000});

/** Whether the process ended and was reaped. */
const isGone = async (pid: number): Promise<boolean> =>
  (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')) === '';

const bundle = async (code: string, outfile: string): Promise<string> => {
  const stdin = {contents: code, resolveDir: process.cwd()};
  await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm'});
  return outfile;
};

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
    const outfile = await bundle(code, join(dir.path, 'short-of-descriptors.mjs'));
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
    const outfile = await bundle(code, join(dir.path, 'no-descriptors.mjs'));
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
    const outfile = await bundle(code, join(dir.path, 'daemon.mjs'));
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
