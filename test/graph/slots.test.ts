import {setImmediate} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {slots} from '../../src/graph/slots.ts';
import {gate} from './tasks.ts';

describe('slots', () => {
  it('lets in as many as there are, the lowest place first, equal places in the order in which they came', async () => {
    const turns = slots(2);
    const order: string[] = [];
    const gates = new Map(['a', 'b', 'c', 'd', 'urgent'].map((id) => [id, gate()]));
    const all = [...gates].map(([id, {passed}]) =>
      turns.use(id === 'urgent' ? 0 : 1, async () => {
        order.push(id);
        await passed;
      }),
    );
    await setImmediate();
    expect(order).toEqual(['urgent', 'a']);
    gates.get('a')?.open();
    await all[0];
    await setImmediate();
    expect(order).toEqual(['urgent', 'a', 'b']);
    for (const {open} of gates.values()) open();
    await Promise.all(all);
    expect(order).toEqual(['urgent', 'a', 'b', 'c', 'd']);
  });

  it('gives a slot back if the work fails', async () => {
    const turns = slots(1);
    await expect(turns.use(0, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    await expect(turns.use(0, async () => 'next')).resolves.toBe('next');
  });

  it('has at least one', async () => {
    await expect(slots(0).use(0, async () => 'done')).resolves.toBe('done');
  });
});
