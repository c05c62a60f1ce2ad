import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {build} from 'esbuild';
import {describe, expect, it} from 'vitest';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const timeoutMs = 60_000;

describe('a program that is expected to print little', () => {
  const run = (script: string, limitMs = timeoutMs) =>
    createExec()({file: 'bash', args: ['-c', script], timeoutMs: limitMs, printsLittle: true});

  it.each([
    ['ends at once', 'echo out; echo err >&2', 'out\n', 'err\n'],
    ['runs for a while', 'sleep 1.2; echo out; echo err >&2', 'out\n', 'err\n'],
    ['prints before and after a while', 'echo a; sleep 1.2; echo b', 'a\nb\n', ''],
    ['has a child that prints later', '(sleep 0.1; echo late) & echo early', 'early\nlate\n', ''],
    ['has a child that prints much later', '(sleep 1.2; echo late >&2) >/dev/null & :', '', 'late\n'],
    ['closes its output', 'exec >&- 2>&-; sleep 1.2', '', ''],
    ['closes its output, but its child does not', '(sleep 1.2; echo late) & exec >&-', 'late\n', ''],
  ])('and %s is read completely', async (_, script, stdout, stderr) => {
    expect(await run(script)).toEqual({kind: 'exited', exitCode: 0, stdout, stderr});
  });

  it('may print more than a pipe holds, to both outputs', async () => {
    const ending = await run('head -c 300000 /dev/zero >&2; head -c 500000 /dev/zero');
    const zeros = (count: number) => '\0'.repeat(count);
    expect(ending).toEqual({kind: 'exited', exitCode: 0, stdout: zeros(500_000), stderr: zeros(300_000)});
  });

  it('is killed when it prints too much, or takes too long', async () => {
    expect(await run('head -c 2000000 /dev/zero')).toMatchObject({kind: 'too-much-output'});
    expect(await run('echo soon >&2; sleep 1000', 100)).toMatchObject({kind: 'timed-out', stderr: 'soon\n'});
    expect(await run('echo later >&2; sleep 1000', 1500)).toMatchObject({
      kind: 'timed-out',
      stderr: 'later\n',
    });
    expect(await run('sleep 1000 & echo early', 1500)).toMatchObject({kind: 'timed-out'});
  });

  it('leaves nothing to the next program of its shell', async () => {
    const exec = createExec();
    for (const text of ['one', 'two', 'three'])
      expect(
        await exec({file: 'bash', args: ['-c', `echo ${text}`], timeoutMs, printsLittle: true}),
      ).toMatchObject({stdout: `${text}\n`});
  });
});

/** Runs the code in a new process, which exits when it blocks its event loop. */
const runAlone = async (code: string): Promise<string> => {
  await using dir = await tempDir();
  const outfile = join(dir.path, 'alone.mjs');
  const head = `
    import {execFileSync} from 'node:child_process';
    import {closeSync, constants, openSync, writeSync} from 'node:fs';
    import {setTimeout as delay} from 'node:timers/promises';
    import {readEnd, readFifo} from './runtime/src/process/pool/fifo-output.ts';
    const dir = ${JSON.stringify(dir.path)};
    const outputOf = (path, limit = 1e6) => {
      const fd = openSync(path, readEnd);
      return readFifo({fd, path: '/proc/self/fd/' + fd}, limit, () => console.log('too much'));
    };
    const openWriter = (path) => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);`;
  const stdin = {contents: head + code, resolveDir: process.cwd()};
  await build({stdin, outfile, bundle: true, platform: 'node', format: 'esm'});
  return spawnSync(process.execPath, [outfile], {encoding: 'utf8', timeout: 20_000}).stdout;
};

describe('the reader of a fifo', () => {
  it('goes on when all writers have left and another one comes', async () => {
    const stdout = await runAlone(`
      const path = dir + '/fifo';
      execFileSync('mkfifo', [path]);
      const output = outputOf(path);
      output.follow();
      const first = openWriter(path);
      writeSync(first, 'first ');
      await delay(100);
      closeSync(first);
      await delay(100); // until the stream has seen the end
      const second = openWriter(path);
      setTimeout(() => {
        writeSync(second, 'second');
        closeSync(second);
      }, 100);
      await output.end();
      console.log(output.text());
      process.exit();`);
    expect(stdout).toBe('first second\n');
  });

  it('stops at the limit when the writer is faster', async () => {
    const stdout = await runAlone(`
      const output = outputOf('/dev/zero', 100);
      console.log(output.text().length);
      process.exit();`);
    expect(stdout).toBe('too much\n0\n');
  });
});
