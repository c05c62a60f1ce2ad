import {chmod, copyFile, open, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {describe, expect, it, vi} from 'vitest';
import {createExec} from '../../../runtime/src/cni/exec.ts';
import {tempDir} from '../../rig/temp-dir.ts';
import {isAlive} from '../rig/plugins.ts';

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

  it('gives it stdin and environment, and takes what it prints and how it ends', async () => {
    const code = `process.stdin.pipe(process.stdout); console.error(process.env.GREETING); process.exitCode = 3`;
    const ending = await exec({...node(code), stdin: 'hello', env: {GREETING: 'hi'}});
    expect(ending).toEqual({how: 'exited', exitCode: 3, stdout: 'hello', stderr: 'hi\n'});
  });

  it('keeps the environment of the network runtime, except where it is told otherwise', async () => {
    const withEnv = createExec({env: {KNI_TEST: 'mine'}});
    const ending = await withEnv(node('console.log(process.env.PATH, process.env.KNI_TEST)'));
    expect(ending).toMatchObject({stdout: `${process.env['PATH']} mine\n`});
  });

  it('tells a signal', async () => {
    expect(await exec(node(`process.kill(process.pid, 'SIGSEGV')`))).toMatchObject({
      how: 'signalled',
      signal: 'SIGSEGV',
    });
  });

  it('tells a program that cannot be started', async () => {
    await using dir = await tempDir();
    const missing = await exec({file: join(dir.path, 'missing'), timeoutMs: generous});
    expect(missing).toMatchObject({how: 'not-started', error: {code: 'ENOENT'}});
    await writeFile(join(dir.path, 'text'), 'text');
    const text = await exec({file: join(dir.path, 'text'), timeoutMs: generous});
    expect(text).toMatchObject({how: 'not-started', error: {code: 'EACCES'}});
  });

  it('does not mind a program that reads nothing of a large input', async () => {
    const ending = await exec({...node('process.stdin.destroy()'), stdin: 'x'.repeat(4_000_000)});
    expect(ending).toMatchObject({how: 'exited', exitCode: 0});
  });

  it('ends a program that takes too long, and its children that hold on to stdout', async () => {
    await using dir = await tempDir();
    const pidFile = join(dir.path, 'pid');
    const child = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1e6)`;
    const code = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], {stdio: 'inherit'});
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
      setInterval(() => {}, 1e6)`;
    const ending = await exec(node(code, 3000));
    expect(ending).toMatchObject({how: 'timed-out', ms: 3000});
    const grandchild = Number(await readFile(pidFile, 'utf8'));
    expect(grandchild).toBeGreaterThan(0);
    while (await isAlive(grandchild)) await delay(10);
  });

  it('ends a program that prints too much', async () => {
    const ending = await exec(node(`setInterval(() => process.stdout.write('x'.repeat(100_000)), 0)`));
    expect(ending).toEqual({how: 'too-much-output', limit: 1_048_576});
  });

  it('ends what runs when the network runtime stops, and begins nothing any more', async () => {
    const stop = new AbortController();
    const stopping = createExec({stop: stop.signal});
    const running = stopping(node('setInterval(() => {}, 1e6)'));
    stop.abort();
    expect(await running).toEqual({how: 'stopped'});
    expect(await stopping(node(''))).toEqual({how: 'stopped'});
  });

  it('waits for a program that is just being replaced', async () => {
    await using dir = await tempDir();
    const file = join(dir.path, 'true');
    await copyFile('/bin/true', file);
    await chmod(file, 0o755);
    const writing = await open(file, 'r+');
    const ending = exec({file, timeoutMs: generous});
    await delay(300);
    await writing.close();
    expect(await ending).toMatchObject({how: 'exited', exitCode: 0});
  });
});
