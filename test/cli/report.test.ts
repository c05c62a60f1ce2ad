import {describe, expect, it} from 'vitest';
import {RunFailed, report} from '../../src/cli/report.ts';
import type {World} from '../../src/cli/world.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import type {Failure} from '../../src/graph/failure.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {capture, terminal} from '../rig/terminal.ts';

const reported = (error: unknown, rest: Partial<World> = {}) => {
  const stderr = capture();
  const world: World = {
    host: fakeHost(),
    stdout: capture(),
    stderr,
    env: {},
    signal: new AbortController().signal,
    confirm: async () => false,
    ...rest,
  };
  return {code: report(error, world), text: stderr.text()};
};
const parts = {code: 'KNI-E100', what: 'it failed', why: 'because', tryThis: 'do this'} as const;

describe('report', () => {
  it('prints what failed, why, and what to do', () => {
    expect(reported(new UserError(parts))).toEqual({
      code: exitCodes.failed,
      text: 'error: it failed: because\ntry:   do this\nmore:  kni-demo explain KNI-E100\n',
    });
  });

  it('aligns more lines, names the log, and uses the code of the error', () => {
    const error = new UserError({
      ...parts,
      why: 'one\ntwo',
      tryThis: 'a\n  b',
      log: '/l/dockerd.log',
      code: 'KNI-E300',
    });
    expect(reported(error)).toEqual({
      code: exitCodes.hostLacks,
      text: 'error: it failed: one\n       two\nlog:   /l/dockerd.log\ntry:   a\n         b\nmore:  kni-demo explain KNI-E300\n',
    });
  });

  it("shows the end of a command's output, and the whole command", () => {
    const output = Array.from({length: 20}, (_, index) => `line ${index}`).join('\n');
    const {code, text} = reported(
      new CommandError(['docker', ['ps', 'a b']], {reason: 'exit code 1', output}),
    );
    const lines = text.trimEnd().split('\n');
    expect(code).toBe(exitCodes.failed);
    expect(lines[0]).toBe("error: exit code 1: docker ps 'a b'");
    expect(lines.slice(1, -1)).toHaveLength(15);
    expect(lines.slice(-2)).toEqual(['  │ line 19', "try:   run it yourself: docker ps 'a b'"]);
  });

  it.each([
    ['EACCES', /try: {3}run it as the owner of this path/],
    ['ENOSPC', /try: {3}free some disk/],
    ['EROFS', /try: {3}fix the cause/],
  ])('tells %s of the file system without a trace', (code, hint) => {
    const error = Object.assign(new Error(`${code}: no way, mkdir '/x'`), {code});
    const {text} = reported(error);
    expect(text).toMatch(hint);
    expect(text.split('\n')).toHaveLength(3);
    expect(text).toMatch(/^error: E[A-Z]+: no way, mkdir '\/x'\n/);
  });

  it('shows where a bug came from', () => {
    const {code, text} = reported(new TypeError('not a function'));
    expect(code).toBe(exitCodes.failed);
    expect(text).toMatch(/^error: not a function\nTypeError: not a function\n +at /);
  });

  it.each([['text'], [undefined], [null], [{a: 1}]])('survives that %j was thrown', (thrown) => {
    expect(reported(thrown)).toMatchObject({code: exitCodes.failed, text: expect.stringMatching(/^error: /)});
  });

  it.each([new UserError(parts), new CommandError(['a', []], {reason: 'cancelled'}), new TypeError('a')])(
    'reports only the cancellation, whatever error follows: %s',
    (error) => {
      expect(reported(error, {signal: AbortSignal.abort()})).toEqual({
        code: exitCodes.cancelled,
        text: 'cancelled; run the same command again to continue\n',
      });
    },
  );

  it('paints only for a terminal that has colours', () => {
    const stderr = terminal({colors: true});
    reported(new UserError(parts), {stderr});
    expect(stderr.text()).toContain('\u001b[31merror:');
  });
});

describe('report of a run', () => {
  const threw = (error: unknown): Failure => ({kind: 'threw', error});
  const codeOf = (...failures: readonly Failure[]) =>
    reported(new RunFailed(failures.map((failure) => ({task: 'a', failure, lastLines: []}))));
  const conflict = new UserError({...parts, code: 'KNI-E400'});

  it.each<[string, readonly Failure[], number]>([
    ['a task threw', [threw(new Error('a'))], exitCodes.failed],
    ['a task says which code', [threw(conflict)], exitCodes.conflict],
    ['the first is not the cause', [{kind: 'dependency', on: 'b'}, threw(conflict)], exitCodes.conflict],
    ['two threw', [threw(new Error('a')), threw(conflict)], exitCodes.failed],
    ['all were cancelled', [{kind: 'cancelled'}], exitCodes.cancelled],
  ])('ends by the code of its cause, and says no more: %s', (_, failures, code) => {
    expect(codeOf(...failures)).toEqual({code, text: ''});
  });
});
