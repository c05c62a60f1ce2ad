import {PassThrough} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {ask} from '../../src/cli/ask.ts';

const answered = async (...keys: readonly string[]) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const cancel = new AbortController();
  const answer = ask('remove all of it?', {input, output, cancel}).catch((error: unknown) => String(error));
  for (const key of keys) input.write(key);
  return {answer: await answer, cancelled: cancel.signal.aborted};
};

describe('a question', () => {
  it.each([
    ['y\r', true],
    ['yes\r', true],
    ['\r', false],
    ['no\r', false],
  ])('is answered by %j: %j', async (keys, answer) => {
    expect(await answered(keys)).toEqual({answer, cancelled: false});
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('is abandoned after %s, which cancels the command', async (name, key) => {
    expect(await answered(key)).toEqual({answer: `Error: cancelled by ${name}`, cancelled: true});
  });

  it('is not asked once the command is cancelled', async () => {
    const cancel = new AbortController();
    cancel.abort(new Error('cancelled by SIGTERM'));
    const asking = ask('?', {input: new PassThrough(), output: new PassThrough(), cancel});
    await expect(asking).rejects.toThrow('cancelled by SIGTERM');
  });
});
