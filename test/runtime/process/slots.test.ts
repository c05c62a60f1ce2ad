import {setTimeout as delay, setImmediate as soon} from 'node:timers/promises';
import {describe, expect, it, vi} from 'vitest';
import {createSlots} from '../../../runtime/src/process/slots.ts';

/** Works that go on until they are ended. */
const workers = (slots: ReturnType<typeof createSlots>) => {
  const ends = new Map<string, () => void>();
  const inside = () => [...ends.keys()];
  const come = (name: string) =>
    slots(async () => {
      await new Promise<void>((resolve) => ends.set(name, resolve));
      ends.delete(name);
      return name;
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await soon();
  };
  return {inside, come, end};
};

const never = 1e9;

describe('the gate', () => {
  it('admits up to its limit at a time, in order of arrival', async () => {
    const {inside, come, end} = workers(createSlots({max: 2, maxLate: 0, lateAfterMs: never}));
    const all = ['a', 'b', 'c', 'd'].map(come);
    await soon();
    expect(inside()).toEqual(['a', 'b']);
    await end('b');
    expect(inside()).toEqual(['a', 'c']);
    for (const name of ['a', 'c', 'd']) await end(name);
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not count those that take long, up to a limit', async () => {
    const {inside, come, end} = workers(createSlots({max: 2, maxLate: 3, lateAfterMs: 500}));
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void come(name);
    await soon();
    expect(inside()).toEqual(['a', 'b']);
    await vi.waitFor(() => expect(inside()).toEqual(['a', 'b', 'c', 'd', 'e']), 10_000);
    await delay(1_000);
    expect(inside()).toEqual(['a', 'b', 'c', 'd', 'e']);
    await end('a');
    expect(inside()).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('forgets those that took long when they have left', async () => {
    const {inside, come, end} = workers(createSlots({max: 1, maxLate: 9, lateAfterMs: 500}));
    void come('a');
    void come('b');
    await vi.waitFor(() => expect(inside()).toEqual(['a', 'b']), 10_000);
    await delay(1_000);
    for (const name of ['a', 'b']) await end(name);
    void come('c');
    void come('d');
    await soon();
    expect(inside()).toEqual(['c']);
  });

  it('does not wait for slots that are taken before their work begins', async () => {
    const slots = createSlots({max: 2, maxLate: 6, lateAfterMs: 500});
    const {inside, come} = workers(slots);
    const taken = [slots.takeFree(), slots.takeFree(), slots.takeFree()];
    expect(taken.map((slot) => slot !== undefined)).toEqual([true, true, false]);
    void come('a');
    await soon();
    expect(inside()).toEqual([]);
    await vi.waitFor(() => expect(inside()).toEqual(['a']), 10_000);
    expect(slots.takeFree()).toBeUndefined();
    for (const slot of taken) slot?.leave();
    expect(slots.takeFree()).toBeDefined();
  });

  it('lets the next one in after a failure', async () => {
    const gate = createSlots({max: 1, maxLate: 0, lateAfterMs: never});
    await expect(gate(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate(async () => 'next')).toBe('next');
  });
});
