import {describe, expect, it} from 'vitest';
import {createExec} from '../../../runtime/src/process/exec.ts';

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
