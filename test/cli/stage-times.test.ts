import {describe, expect, it} from 'vitest';
import {stageTimes} from '../../src/cli/stage-times.ts';
import type {RunEvent} from '../../src/graph/events.ts';

const timesOf = (...events: readonly (readonly [at: number, event: RunEvent])[]) => {
  let time = 0;
  const times = stageTimes(['host', 'build', 'setup'], () => time);
  for (const [at, event] of events) {
    time = at;
    times.emit(event);
  }
  return times.spent();
};
const started = (task: string): RunEvent => ({kind: 'started', task});
const done = (task: string, ms: number): RunEvent => ({kind: 'done', task, ms});

describe('stageTimes', () => {
  it('counts the time once in which tasks run side by side', () => {
    expect(
      timesOf(
        [0, started('build/kubelet')],
        [10, started('build/pause')],
        [20, done('build/pause', 10)],
        [30, done('build/kubelet', 30)],
      ),
    ).toEqual([['build', 30]]);
  });

  it('leaves out the time in which no task of the stage runs', () => {
    expect(
      timesOf(
        [0, started('build/kubelet')],
        [10, done('build/kubelet', 10)],
        [20, started('setup/cluster')],
        [25, done('setup/cluster', 5)],
        [30, started('build/pause')],
        [31, done('build/pause', 1)],
      ),
    ).toEqual([
      ['build', 11],
      ['setup', 5],
    ]);
  });

  it('ignores tasks that did not start', () => {
    expect(timesOf([5, {kind: 'skipped', task: 'host/engine', reason: 'it runs'}])).toEqual([]);
  });
});
