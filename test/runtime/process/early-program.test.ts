import {expect, it, vi} from 'vitest';
import {createExec, type Exec} from '../../../runtime/src/process/exec.ts';

vi.setConfig({testTimeout: 60_000});

const shellOf = async (exec: Exec): Promise<string> => {
  const ending = await exec({file: 'sh', args: ['-c', 'echo $PPID'], timeoutMs: 60_000});
  return ending.kind === 'exited' ? ending.stdout : '';
};

it('that ends before its turn leaves nothing to the next one in the same shell', async () => {
  const exec = createExec({maxConcurrent: 1, lateAfterMs: 1e9});
  const shell = await shellOf(exec);
  const first = exec.startEarly({file: 'true', env: {}});
  expect(await shellOf(exec)).toBe(shell); // it waited for the only slot
  const next = exec.startEarly({file: 'cat', env: {}});
  expect(await next?.run({stdin: 'its input\n', timeoutMs: 10_000})).toMatchObject({stdout: 'its input\n'});
  await first?.cancel();
  expect(await shellOf(exec)).toBe(shell);
});
