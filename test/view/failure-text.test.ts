import {Chalk} from 'chalk';
import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import type {TaskFailure} from '../../src/graph/failure.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {failureText} from '../../src/view/failure-text.ts';
import {commandError, userError} from './events.ts';

const textOf = (error: unknown, rest: Partial<TaskFailure> = {}): readonly string[] =>
  failureText(
    {task: 'build/kubelet', failure: {kind: 'threw', error}, lastLines: [], ...rest},
    'Build the kubelet',
    new Chalk({level: 0}),
  );

describe('failureText', () => {
  it('says what, why and what to try, as an expected error knows it', () => {
    expect(textOf(userError)).toEqual([
      'Build the kubelet (build/kubelet) failed',
      '  patch 0001-kni.patch does not apply',
      '  pkg/kubelet/kubelet.go differs',
      '  at line 12',
      '  try: refresh it:',
      '       git apply --3way 0001-kni.patch',
      '  more: kni-demo explain KNI-E105',
    ]);
  });

  it('prefers the log that the error names', () => {
    const error = new UserError({
      code: 'KNI-E100',
      what: 'a',
      why: 'b',
      tryThis: 'c',
      log: '/var/log/docker.log',
    });
    expect(textOf(error, {log: '/logs/task.log'})).toContain('  log: /var/log/docker.log');
    expect(textOf(error, {log: '/logs/task.log'})).not.toContain('  log: /logs/task.log');
  });

  it('shows the last lines of the task, and the output of a command that is not among them', () => {
    const outputOf = (...lastLines: readonly string[]) =>
      textOf(commandError, {lastLines}).filter((line) => line.includes('│'));
    const own = '  │ from the command itself';
    expect(outputOf()).toEqual([own]);
    expect(outputOf('from the log')).toEqual(['  │ from the log', own]);
    expect(outputOf('from the log', 'from the command itself')).toEqual(['  │ from the log', own]);
  });

  it('gives the whole command if its summary is cut', () => {
    const script = 'set -e\nmake all';
    const error = new CommandError(['sh', ['-c', script]], {reason: 'exit code 2'});
    expect(textOf(error).slice(1, 4)).toEqual([
      "  exit code 2: sh -c 'set -e make all'",
      "  command: sh -c 'set -e",
      "           make all'",
    ]);
  });

  it('says the message of anything else', () => {
    expect(textOf(new TypeError('x is not a function'))[1]).toBe('  x is not a function');
    expect(textOf('just text')[1]).toBe('  just text');
  });
});
