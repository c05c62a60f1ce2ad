import {describe, expect, it} from 'vitest';
import {createGate} from '../../../runtime/src/lib/gate.ts';

/** Work that ends when it is told to, and says when it begins and ends. */
const controlled = (name: string, order: string[]) => {
  let finish = () => undefined as void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = async () => {
    order.push(`${name} begins`);
    await finished;
    order.push(`${name} ends`);
  };
  return {work, finish};
};
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the gate', () => {
  it('lets shared work run at the same time', async () => {
    const order: string[] = [];
    const gate = createGate();
    const [one, two] = [controlled('one', order), controlled('two', order)];
    const both = Promise.all([gate.shared(one.work), gate.shared(two.work)]);
    two.finish();
    one.finish();
    await both;
    expect(order.slice(0, 2)).toEqual(['one begins', 'two begins']);
  });

  it('lets exclusive work begin at a quiet moment, and work that came later between two of them', async () => {
    const order: string[] = [];
    const gate = createGate();
    const [before, alone, again, after] = ['before', 'alone', 'again', 'after'].map((name) =>
      controlled(name, order),
    );
    if (!before || !alone || !again || !after) throw new Error('never');
    const first = [
      gate.shared(before.work),
      gate.exclusive(alone.work, 60_000),
      gate.exclusive(again.work, 60_000),
    ];
    before.finish();
    await settle();
    const last = gate.shared(after.work);
    for (const next of [again, after, alone]) {
      next.finish();
      await settle();
    }
    await Promise.all([...first, last]);
    expect(order).toEqual(
      ['before', 'alone', 'after', 'again'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    );
  });

  it('stays open to shared work while exclusive work waits for a quiet moment', async () => {
    const order: string[] = [];
    const gate = createGate();
    const [hanging, alone, next] = ['hanging', 'alone', 'next'].map((name) => controlled(name, order));
    if (!hanging || !alone || !next) throw new Error('never');
    const hangs = gate.shared(hanging.work);
    const waits = gate.exclusive(alone.work, 60_000);
    next.finish();
    await gate.shared(next.work); // would never end if it had to wait for the exclusive work
    alone.finish();
    hanging.finish();
    await Promise.all([hangs, waits]);
    expect(order).toEqual([
      'hanging begins',
      'next begins',
      'next ends',
      'hanging ends',
      'alone begins',
      'alone ends',
    ]);
  });

  it('makes a quiet moment if calls follow each other without a pause', async () => {
    const gate = createGate();
    const ending = new AbortController();
    const calls = async () => {
      while (!ending.signal.aborted) await gate.shared(settle);
    };
    const busy = [calls(), settle().then(calls), calls()];
    expect(await gate.exclusive(async () => 'alone', 20)).toBe('alone');
    ending.abort();
    await Promise.all(busy);
  });

  it('does not start cancelled work', async () => {
    const gate = createGate();
    const order: string[] = [];
    const alone = controlled('alone', order);
    const running = gate.exclusive(alone.work, 60_000);
    const gone = new AbortController();
    const waiting = gate.shared(async () => void order.push('shared'), gone.signal);
    gone.abort(new Error('gone'));
    alone.finish();
    await running;
    await expect(waiting).rejects.toThrow('gone');
    expect(order).toEqual(['alone begins', 'alone ends']);
  });

  it('is not held by work that fails', async () => {
    const gate = createGate();
    const fails = () => Promise.reject(new Error('no'));
    await expect(gate.shared(fails)).rejects.toThrow('no');
    await expect(gate.exclusive(fails, 1000)).rejects.toThrow('no');
    expect(await gate.shared(async () => 'shared')).toBe('shared');
    expect(await gate.exclusive(async () => 'alone', 1000)).toBe('alone');
  });

  it('gives up exclusive work whose turn does not come, and lets the others go on', async () => {
    const order: string[] = [];
    const gate = createGate();
    const [hanging, alone, next] = ['hanging', 'alone', 'next'].map((name) => controlled(name, order));
    if (!hanging || !alone || !next) throw new Error('never');
    const hangs = gate.shared(hanging.work);
    const refused = gate.exclusive(alone.work, 20);
    const goesOn = gate.shared(next.work);
    next.finish();
    await expect(refused).rejects.toMatchObject({name: 'Busy'});
    await goesOn;
    hanging.finish();
    await hangs;
    expect(order).toEqual(['hanging begins', 'next begins', 'next ends', 'hanging ends']);
  });
});
