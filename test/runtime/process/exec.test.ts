import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, copyFile, open, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {isAlive} from '../../rig/processes.ts';
import {tempDir} from '../../rig/temp-dir.ts';

// Real programs run here, on a machine that may have other things to do.
vi.setConfig({testTimeout: 60_000});

const generous = 60_000;
const node = (code: string, timeoutMs = generous) => ({
  file: process.execPath,
  args: ['-e', code],
  timeoutMs,
});

describe('running a program', () => {
  const exec = createExec();

  it('passes stdin and environment, and returns output and exit code', async () => {
    const code = `process.stdin.pipe(process.stdout); console.error(process.env.GREETING); process.exitCode = 3`;
    const ending = await exec({...node(code), stdin: 'hello', env: {GREETING: 'hi'}});
    expect(ending).toEqual({kind: 'exited', exitCode: 3, stdout: 'hello', stderr: 'hi\n'});
  });

  it('passes the environment of the network runtime, with the variables given', async () => {
    const withEnv = createExec({env: {KNI_TEST: 'mine'}});
    const ending = await withEnv(node('console.log(process.env.PATH, process.env.KNI_TEST)'));
    expect(ending).toMatchObject({stdout: `${process.env['PATH']} mine\n`});
  });

  it('reports the signal that ended the program', async () => {
    expect(await exec(node(`process.kill(process.pid, 'SIGSEGV')`))).toMatchObject({
      kind: 'signalled',
      signal: 'SIGSEGV',
    });
  });

  it('reports a program that cannot be started', async () => {
    await using dir = await tempDir();
    const missing = await exec({file: join(dir.path, 'missing'), timeoutMs: generous});
    expect(missing).toMatchObject({kind: 'not-started', error: {code: 'ENOENT'}});
    await writeFile(join(dir.path, 'text'), 'text');
    const text = await exec({file: join(dir.path, 'text'), timeoutMs: generous});
    expect(text).toMatchObject({kind: 'not-started', error: {code: 'EACCES'}});
  });

  it('accepts a program that does not read a large input', async () => {
    const ending = await exec({...node('process.stdin.destroy()'), stdin: 'x'.repeat(4_000_000)});
    expect(ending).toMatchObject({kind: 'exited', exitCode: 0});
  });

  it('kills a program at its timeout, with children that hold stdout open', async () => {
    await using dir = await tempDir();
    const pidFile = join(dir.path, 'pid');
    const child = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`;
    const code = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], {stdio: 'inherit'});
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
      setInterval(() => {}, 1e6)`;
    const ending = await exec(node(code, 10_000));
    expect(ending).toMatchObject({kind: 'timed-out', ms: 10_000});
    const grandchild = Number(await readFile(pidFile, 'utf8'));
    expect(grandchild).toBeGreaterThan(0);
    while (isAlive(grandchild)) await delay(10);
  });

  it('kills a program that prints too much', async () => {
    const ending = await exec(node(`setInterval(() => process.stdout.write('x'.repeat(100_000)), 0)`));
    expect(ending).toEqual({kind: 'too-much-output', limit: 1_048_576});
  });

  it('kills running programs when the network runtime stops, and starts no others', async () => {
    const stop = new AbortController();
    const stopping = createExec({stop: stop.signal});
    const running = stopping(node('setInterval(() => {}, 1e6)'));
    stop.abort();
    expect(await running).toEqual({kind: 'stopped'});
    expect(await stopping(node(''))).toEqual({kind: 'stopped'});
  });

  it('waits for a program that is just being replaced', async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'true');
    await copyFile('/bin/true', file);
    await chmod(file, 0o755);
    const writing = await open(file, 'r+');
    const ending = exec({file, timeoutMs: generous});
    await delay(1500);
    await writing.close();
    expect(await ending).toMatchObject({kind: 'exited', exitCode: 0});
  });

  it('keeps to itself what CNI variables the network runtime was started with', async () => {
    process.env['CNI_IFNAME'] = 'eth7';
    try {
      const code = 'console.log(Object.keys(process.env).filter((name) => name.startsWith("CNI_")).join())';
      const ending = await createExec()({...node(code), env: {CNI_COMMAND: 'STATUS'}});
      expect(ending).toMatchObject({stdout: 'CNI_COMMAND\n'});
    } finally {
      delete process.env['CNI_IFNAME'];
    }
  });

  it('reports that no file descriptor is left, and works again when there is one', async () => {
    const fresh = createExec(); // without a shell yet
    {
      await using _ = await withoutDescriptors();
      for (let time = 0; time < 3; time++) {
        const ending = await fresh({file: '/bin/true', timeoutMs: generous});
        expect(ending).toMatchObject({kind: 'not-started', error: {code: 'EMFILE'}});
      }
    }
    expect(await fresh({file: '/bin/true', timeoutMs: generous})).toMatchObject({
      kind: 'exited',
      exitCode: 0,
    });
  });
});

describe('many programs at once', () => {
  const sleeping = {file: '/bin/sleep', args: ['1000'], timeoutMs: generous};
  const quick = {file: '/bin/true', timeoutMs: generous};

  it('run beside as many that hang, which neither keep descriptors nor leave zombies when they are ended', async () => {
    const before = await descriptors();
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const exec = createExec({stop: stop.signal, lateAfterMs: 100});
    const hung = Array.from({length: 64}, () => exec(sleeping));
    const others = await Promise.all(Array.from({length: 40}, () => exec(quick)));
    expect(others.every((ending) => ending.kind === 'exited' && ending.exitCode === 0)).toBe(true);
    await vi.waitFor(async () => expect(await childrenRunning('sleep')).toBe(64), 30_000);
    stop.abort();
    expect(new Set((await Promise.all(hung)).map(({kind}) => kind))).toEqual(new Set(['stopped']));
    await vi.waitFor(async () => {
      expect(await childrenRunning('sleep')).toBe(0);
      expect(await descriptors()).toBeLessThanOrEqual(before);
    }, 30_000);
  });

  it('are never more than the limit, hung ones included', async () => {
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const exec = createExec({stop: stop.signal, maxConcurrent: 2, lateAfterMs: 20});
    const hung = Array.from({length: 12}, () => exec(sleeping));
    await vi.waitFor(async () => expect(await childrenRunning('sleep')).toBe(8), 30_000);
    const waiting = exec(quick);
    await delay(200);
    expect(await childrenRunning('sleep')).toBe(8);
    stop.abort();
    expect((await Promise.all([waiting, ...hung])).map(({kind}) => kind)).toEqual(
      Array.from({length: 13}, () => 'stopped'),
    );
  });

  it('are given their whole time when their turn has come', async () => {
    const exec = createExec({maxConcurrent: 1, lateAfterMs: 1e9});
    const first = exec({file: '/bin/sleep', args: ['3'], timeoutMs: generous});
    const second = exec({...quick, timeoutMs: 2500});
    expect(await Promise.all([first, second])).toMatchObject([{kind: 'exited'}, {kind: 'exited'}]);
  });
});

/** Our own children, and those of our shells, of that name, those that have ended but were not waited for included. */
const childrenRunning = async (name: string): Promise<number> => {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  const of = (stat: string) => /^(?<pid>\d+) \((?<name>.*)\) . (?<parent>\d+) /.exec(stat)?.groups;
  const all = stats.map(of);
  const own = new Set(
    all.filter((each) => each?.['parent'] === String(process.pid)).map((each) => each?.['pid']),
  );
  own.add(String(process.pid));
  return all.filter((each) => each?.['name'] === name && own.has(each['parent'])).length;
};

const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;

/** Takes from this process the right to open anything; a helper gives it back, since we could not start one then. */
const withoutDescriptors = async (): Promise<AsyncDisposable> => {
  const limit = `prlimit --pid ${process.pid} --nofile`;
  const script = `old=$(${limit} --output SOFT --noheadings); ${limit}=3:; echo; read -r _; ${limit}=$old:`;
  const helper = spawn('sh', ['-c', script], {stdio: ['pipe', 'pipe', 'inherit']});
  const over = once(helper, 'exit');
  await once(helper.stdout, 'data');
  return {
    [Symbol.asyncDispose]: async () => {
      helper.stdin.end('\n');
      await over;
    },
  };
};
