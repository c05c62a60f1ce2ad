import {describe, expect, it} from 'vitest';
import type {LogLine} from '../../src/cluster/runtime-log.ts';
import {timelineOf} from '../../src/cluster/timeline.ts';

const line = (seconds: string, msg: string, rest: Partial<LogLine> = {}): LogLine => ({
  level: 'info',
  msg,
  time: `2026-11-24T12:01:${seconds}Z`,
  ...rest,
});
const what = (lines: readonly LogLine[], subject: Parameters<typeof timelineOf>[1]): readonly string[] =>
  timelineOf(lines, subject).map((moment) => moment.what);

describe('timelineOf', () => {
  it('counts from the first moment', () => {
    const correlation = 'c';
    const lines = [
      line('02.123', 'CreateNetwork ok', {correlation, ms: 6}),
      line('02.431', 'AttachInterface ok', {correlation, ms: 48}),
    ];
    expect(timelineOf(lines, {correlation})).toMatchObject([
      {time: '2026-11-24T12:01:02.123Z', offset: 0, what: 'CreateNetwork ok', ms: 6, times: 1},
      {time: '2026-11-24T12:01:02.431Z', offset: 308, what: 'AttachInterface ok', ms: 48, times: 1},
    ]);
  });

  it("leaves out the pod's other sandboxes", () => {
    const lines = [
      line('01.000', 'CreateNetwork ok', {uid: 'u', netns: '/n/1', correlation: 'c1'}),
      line('02.000', 'CreateNetwork ok', {uid: 'u', netns: '/n/2', correlation: 'c2'}),
      line('03.000', 'AttachInterface failed', {
        uid: 'u',
        sandbox: 's2',
        correlation: 'c2',
        error: 'no address',
      }),
    ];
    const without = lines.map((each): LogLine => ({...each, correlation: undefined}));
    const wanted = ['CreateNetwork ok', 'AttachInterface failed'];
    expect(what(lines, {correlation: 'c2', sandbox: 's2', uid: 'u'})).toEqual(wanted);
    expect(what(without, {correlation: 'c2', sandbox: 's2', netns: '/n/2', uid: 'u'})).toEqual(wanted);
    expect(what(without, {sandbox: 's2', uid: 'u'})).toEqual(['AttachInterface failed']);
  });

  it('shows all lines of the pod when no line names the sandbox', () => {
    expect(what([line('01.000', 'a', {uid: 'u'}), line('02.000', 'b', {uid: 'v'})], {uid: 'u'})).toEqual([
      'a',
    ]);
    expect(timelineOf([line('01.000', 'a')], {})).toEqual([]);
  });

  it('shows repeated lines once, but every failure', () => {
    const ok = {correlation: 'c'};
    const bad = {...ok, level: 'error', error: 'no'};
    const lines = [
      line('01.000', 'QueryPodNetwork ok', ok),
      line('01.000', 'ipconfigs received for id: s ip: map[eth0:ip:"10.0.0.1"]', ok),
      line('02.000', 'QueryPodNetwork ok', ok),
      line('03.000', 'AttachInterface failed', bad),
      line('04.000', 'AttachInterface failed', bad),
      line('05.000', 'QueryPodNetwork ok', ok),
    ];
    expect(timelineOf(lines, ok)).toMatchObject([
      {what: 'QueryPodNetwork ok', times: 2, until: '2026-11-24T12:01:02.000Z'},
      {what: 'AttachInterface failed', times: 1, error: 'no'},
      {what: 'AttachInterface failed', times: 1, error: 'no'},
      {what: 'QueryPodNetwork ok', times: 1, offset: 4000},
    ]);
  });

  it('leaves out that it was asked for', () => {
    const lines = [
      line('01.000', 'CreateNetwork ok', {correlation: 'c'}),
      line('02.000', 'InspectPodNetwork ok', {correlation: 'c', rpc: 'InspectPodNetwork'}),
    ];
    expect(what(lines, {correlation: 'c'})).toEqual(['CreateNetwork ok']);
  });

  it('accepts an invalid time', () => {
    expect(
      timelineOf([{...line('01.000', 'a', {correlation: 'c'}), time: 'soon'}], {correlation: 'c'}),
    ).toMatchObject([{time: 'soon', offset: 0}]);
  });
});
