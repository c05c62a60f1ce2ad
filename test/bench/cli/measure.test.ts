import {describe, expect, it} from 'vitest';
import {localHost} from '../../../src/host/process.ts';
import {compare, measure, table} from './measure.ts';
import {cliBenchOptions} from './options.ts';

const host = localHost();
const {signal} = new AbortController();
const waits = {what: 'waits', command: ['sh', ['-c', 'sleep 0.3; echo much; echo more >&2']]} as const;
const works = {what: 'works', command: [process.execPath, ['-e', "'x'.repeat(2 ** 24).split('')"]]} as const;

describe('measuring a program', () => {
  it('tells waiting from working', async () => {
    const {wall, cpu} = await measure(host, waits, signal);
    expect(wall).toBeGreaterThanOrEqual(300);
    expect(cpu).toBeLessThan(wall / 2);
    expect((await measure(host, works, signal)).cpu).toBeGreaterThan(cpu);
  });

  it('rejects when the program fails', async () => {
    await expect(measure(host, {what: 'fails', command: ['sh', ['-c', 'exit 3']]}, signal)).rejects.toThrow(
      'exit code 3',
    );
  });

  it('runs the subjects in turn, each after its preparation', async () => {
    const order: string[] = [];
    const subject = (what: string) => ({...waits, what, before: async () => order.push(what)});
    const rows = await compare(host, [subject('one'), subject('two')], 2, signal);
    expect(order).toEqual(['one', 'two', 'one', 'two']);
    expect(rows).toMatchObject([
      {what: 'one', runs: 2},
      {what: 'two', runs: 2},
    ]);
    expect(table(rows)).toMatch(/^\| one \| 2 \| \d+ \| \d+ \| 1\.00 \|\n\| two /);
  });
});

describe('the flags', () => {
  it.each([['--runs=0'], ['--runs=x'], ['--edits=1'], ['--unknown']])('refuse %s', (flag) => {
    expect(() => cliBenchOptions([flag])).toThrow(TypeError);
  });

  it('measure only the start without a cluster', () => {
    expect(cliBenchOptions([])).toEqual({runs: 20, edits: 0, create: 0, name: undefined, json: undefined});
    expect(cliBenchOptions(['--help'])).toBeUndefined();
  });
});
