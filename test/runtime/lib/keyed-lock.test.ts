import {describe, expect, it} from 'vitest';
import {createLock} from '../../../runtime/src/lib/keyed-lock.ts';

const gate = () => {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {opened, open: () => open()};
};

describe('a lock', () => {
  it('runs work with the same key one by one, in order', async () => {
    const lock = createLock();
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
    };
    await Promise.all(['a', 'b', 'c'].map((name) => lock('pod', work(name))));
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it('does not make different keys wait for each other', async () => {
    const lock = createLock();
    const {opened, open} = gate();
    const held = lock('one', () => opened);
    expect(await lock('two', async () => 'through')).toBe('through');
    open();
    await held;
  });

  it('continues after work that failed', async () => {
    const lock = createLock();
    const failed = lock('pod', () => Promise.reject(new Error('no')));
    const next = lock('pod', async () => 'yes');
    await expect(failed).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('does not start cancelled work, and keeps the order', async () => {
    const lock = createLock();
    const {opened, open} = gate();
    const gone = new AbortController();
    const seen: string[] = [];
    const held = lock('pod', () => opened.then(() => seen.push('held')));
    const abandoned = lock('pod', async () => seen.push('abandoned'), gone.signal);
    const next = lock('pod', async () => seen.push('next'));
    gone.abort(new Error('gone'));
    open();
    await expect(abandoned).rejects.toThrow('gone');
    await Promise.all([held, next]);
    expect(seen).toEqual(['held', 'next']);
  });
});
