import {describe, expect, it} from 'vitest';
import {slots} from '../../src/graph/slots.ts';
import {gate} from './tasks.ts';

describe('slots', () => {
  it('lets in as many as there are, the others in the order in which they came', async () => {
    const turns = slots(2);
    const order: string[] = [];
    const gates = new Map(['a', 'b', 'c', 'd'].map((id) => [id, gate()]));
    const all = [...gates].map(([id, {passed}]) =>
      turns.use(async () => {
        order.push(id);
        await passed;
      }),
    );
    await Promise.resolve();
    expect(order).toEqual(['a', 'b']);
    gates.get('b')?.open();
    await all[1];
    await Promise.resolve();
    expect(order).toEqual(['a', 'b', 'c']);
    for (const {open} of gates.values()) open();
    await Promise.all(all);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives a slot back if the work fails', async () => {
    const turns = slots(1);
    await expect(turns.use(() => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    await expect(turns.use(async () => 'next')).resolves.toBe('next');
  });

  it('has at least one', async () => {
    await expect(slots(0).use(async () => 'done')).resolves.toBe('done');
  });
});
