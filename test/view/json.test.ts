import {describe, expect, it} from 'vitest';
import {exitCodes} from '../../src/exit-codes.ts';
import type {RunEvent} from '../../src/graph/events.ts';
import {jsonView} from '../../src/view/json.ts';
import {capture} from '../rig/terminal.ts';
import {
  cancelled,
  commandError,
  done,
  failed,
  notStarted,
  output,
  planned,
  skipped,
  started,
  userError,
} from './events.ts';

const time = '2026-11-24T02:00:00.000Z';

const objectsOf = async (...events: readonly RunEvent[]): Promise<readonly unknown[]> => {
  const stream = capture();
  const view = jsonView(stream, () => new Date(time));
  for (const event of events) view.emit(event);
  await view.close();
  return stream
    .text()
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
};

describe('jsonView', () => {
  it('writes each event as one line of JSON, with its time', async () => {
    const events = [
      planned,
      skipped('host/engine', 'there'),
      started('build/kubelet'),
      output('build/kubelet', 'two\nlines "quoted"'),
      done('build/kubelet', 12_345),
    ];
    expect(await objectsOf(...events)).toEqual(
      events.map(({kind: type, ...event}) => ({time, type, ...event})),
    );
  });

  it('writes a failed command as data', async () => {
    expect(await objectsOf(failed('build/kubelet', commandError))).toEqual([
      {
        time,
        type: 'failed',
        task: 'build/kubelet',
        failure: {
          reason: 'threw',
          message: 'exit code 2: go build ./cmd/kubelet',
          error: {
            name: 'CommandError',
            command: 'go build ./cmd/kubelet',
            reason: 'exit code 2',
            output: 'from the command itself',
          },
        },
        log: '/logs/build/kubelet.log',
        lastLines: ['compiling', '\u001b[31mundefined: kni\u001b[39m'],
      },
    ]);
  });

  it('writes an expected error with what to do', async () => {
    const {what, why, tryThis} = userError;
    expect(await objectsOf(failed('init/kubernetes', userError))).toMatchObject([
      {failure: {error: {name: 'UserError', what, why, tryThis, exitCode: exitCodes.failed}}},
    ]);
  });

  it.each([
    [new RangeError('boom'), {name: 'RangeError', message: 'boom'}],
    ['text', {message: 'text'}],
  ])('writes anything else thrown: %s', async (thrown, error) => {
    expect(await objectsOf(failed('a', thrown))).toMatchObject([{failure: {error}}]);
  });

  it('writes why a task was not started', async () => {
    expect(
      await objectsOf(notStarted('setup/cluster', 'build/kubelet'), cancelled('verify/kni')),
    ).toMatchObject([
      {failure: {reason: 'dependency', on: 'build/kubelet', message: 'not started: build/kubelet failed'}},
      {failure: {reason: 'cancelled', message: 'cancelled'}},
    ]);
  });
});
