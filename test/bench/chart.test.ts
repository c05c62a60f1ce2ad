import {expect, it} from 'vitest';
import {chartOf} from './chart.ts';
import type {SubjectFigures} from './report.ts';

const timed = (median: number) => ({count: 9, median, p90: median, p99: median});
const subject = (name: string, steps: SubjectFigures['steps']): SubjectFigures => ({name, steps});
const machine = {
  date: '2026-01-01',
  commit: 'c',
  cpu: 'a',
  cores: 2,
  kernel: '6',
  node: 'v22',
  plugins: '1',
  load: 0,
};

it('draws a bar for each median, in proportion', () => {
  const floor = subject('libcni', {Attach: timed(10)});
  const runtimes = [
    subject('ours', {Attach: timed(20), Query: timed(5)}),
    subject('<other>', {Attach: timed(40)}),
  ];
  const svg = chartOf({machine, cycles: 9, floor, loopback: floor, runtimes});
  const lengths = [...svg.matchAll(/<rect x="150" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  const [, attachFloor = 0, attachOurs, attachOther, queryOurs] = lengths;
  expect([attachOurs, attachOther, queryOurs]).toEqual([attachFloor * 2, attachFloor * 4, attachFloor / 2]);
  expect(lengths).toHaveLength(5); // the first is the legend's
  expect(svg).toContain('>&lt;other><');
  expect(svg).toContain('>20.00<');
});
