import {Chalk} from 'chalk';
import {describe, expect, it} from 'vitest';
import {frameOf, type StageRows} from '../../src/view/frame.ts';

const frame = (stages: readonly StageRows[], width = 80): readonly string[] =>
  frameOf(stages, {paint: new Chalk({level: 0}), now: 12_300, width});

describe('frameOf', () => {
  it('shows the time and the last line of a running task', () => {
    const rows = [{title: 'Build it', state: 'running', startedAt: 1_000, lastLine: 'linking'}] as const;
    expect(frame([{title: 'build', rows}]).map((line) => line.replace(/[⠁-⣿]/, '*'))).toEqual([
      '* build',
      '  * Build it 11 s',
      '    › linking',
    ]);
  });

  it('shows a stage that waits, or has nothing to do, in one line', () => {
    const one = (state: 'waiting' | 'skipped'): StageRows => ({title: state, rows: [{title: 'x', state}]});
    expect(frame([one('skipped'), one('waiting')])).toEqual(['↓ skipped nothing to do', '◼ waiting']);
  });

  it('cuts a line that is wider than the terminal', () => {
    const rows = [{title: 'x'.repeat(100), state: 'done'}] as const;
    expect(frame([{title: 'build', rows}], 20)[1]).toBe(`  ✔ ${'x'.repeat(15)}…`);
  });
});
