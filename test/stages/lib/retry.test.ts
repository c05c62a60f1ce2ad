import {describe, expect, it} from 'vitest';
import {CommandError} from '../../../src/host/command-error.ts';
import {retry} from '../../../src/stages/lib/retry.ts';

const failing = (output: string) => new CommandError(['git', ['fetch']], {reason: 'exit code 128', output});
const stumble = failing("fatal: unable to access 'https://host/k/': Could not resolve host: host");

describe('work over a network', () => {
  const {signal} = new AbortController();
  const setup = (failures: readonly Error[]) => {
    const slept: number[] = [];
    const said: string[] = [];
    let attempts = 0;
    const clock = {now: () => 0, sleep: async (ms: number) => void slept.push(ms)};
    const work = async () => {
      const failure = failures[attempts++];
      if (failure) throw failure;
      return 'done';
    };
    const result = retry(work, signal, {clock, log: (line) => void said.push(line)});
    return {result, slept, said, attempts: () => attempts};
  };

  it('is retried with backoff, and logs each retry', async () => {
    const {result, slept, said} = setup([stumble, stumble]);
    expect(await result).toBe('done');
    expect(slept).toEqual([1_000, 4_000]);
    expect(said[1]).toMatch(/Could not resolve host: host; retrying in 4 s$/);
  });

  it('is given up in the end', async () => {
    const {result, attempts} = setup([stumble, stumble, stumble, stumble, stumble]);
    await expect(result).rejects.toBe(stumble);
    expect(attempts()).toBe(4);
  });

  it.each([
    failing("fatal: couldn't find remote ref nope"),
    failing('fatal: Authentication failed'),
    new TypeError('a bug'),
  ])('is not tried again after a refusal: %s', async (error) => {
    const {result, attempts} = setup([error]);
    await expect(result).rejects.toBe(error);
    expect(attempts()).toBe(1);
  });
});
