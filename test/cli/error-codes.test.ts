import {describe, expect, it} from 'vitest';
import {explanations} from '../../src/cli/commands/explain.ts';
import {report} from '../../src/cli/report.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {CommandError} from '../../src/host/command-error.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {tempDir} from '../rig/temp-dir.ts';
import {capture} from '../rig/terminal.ts';

const last = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');

describe('explain', () => {
  it.each(['KNI-E402', 'kni-e402', 'E402', '402'])('accepts %s', async (code) => {
    await using dir = await tempDir();
    const {code: exit, stdout} = await cli(dir, ['explain', code]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^KNI-E402: .*\nwhy: {3}.*\ntry: {3}.*\nexit: {2}4\n$/);
  });

  it('lists all codes', async () => {
    await using dir = await tempDir();
    const {stdout} = await cli(dir, ['explain']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(explanations().length);
    const {stdout: json} = await cli(dir, ['explain', '--json']);
    const [first] = json.split('\n');
    expect(JSON.parse(first ?? '')).toEqual(explanations()[0]);
  });

  it('refuses a code that does not exist', async () => {
    await using dir = await tempDir();
    expect(await cli(dir, ['explain', '999'])).toMatchObject({
      code: exitCodes.badInput,
      errorCode: 'KNI-E201',
    });
  });

  it('has whole sentences, and exit codes that the program uses', () => {
    for (const {what, why, tryThis, exitCode} of explanations()) {
      for (const text of [what, why, tryThis]) expect(text).toMatch(/^[A-Za-z].*\.$/);
      expect(Object.values(exitCodes)).toContain(exitCode);
    }
  });
});

describe('a UserError', () => {
  it('takes its exit code from its code', () => {
    const parts = {what: 'a', why: 'b', tryThis: 'c'};
    expect(new UserError({...parts, code: 'KNI-E402'}).exitCode).toBe(exitCodes.conflict);
  });
});

describe('an error with --json', () => {
  it.each([
    [['logs', '--json'], {exitCode: 2, code: 'KNI-E206', what: 'cluster test1 does not exist'}],
    [['plan', '--json', '--stack', 'x'], {exitCode: 2, code: 'KNI-E202', what: 'unknown stack x'}],
    [['networks', '--json', '--nope'], {exitCode: 2, code: 'KNI-E217', what: "unknown option '--nope'"}],
    [['pod', 'inspect', '--json'], {exitCode: 2, code: 'KNI-E217', what: "missing required argument 'pod'"}],
  ])('is the last line of standard output: %j', async (args, error) => {
    await using dir = await tempDir();
    const {code, stdout, stderr} = await cli(dir, args, {host: hostOf(() => '')});
    expect(code).toBe(error.exitCode);
    expect(last(stdout)).toMatchObject({time: expect.stringMatching(/Z$/), type: 'error', ...error});
    expect(stderr).toContain(error.what);
  });

  it('is also there if a variable asks for JSON', async () => {
    await using dir = await tempDir();
    const env = {XDG_STATE_HOME: dir.path, XDG_CACHE_HOME: dir.path, KNI_DEMO_JSON: 'true'};
    const {stdout} = await cli(dir, ['networks'], {host: hostOf(() => ''), env});
    expect(last(stdout)).toMatchObject({type: 'error', code: 'KNI-E206'});
  });

  it('is not there without --json', async () => {
    await using dir = await tempDir();
    expect((await cli(dir, ['networks'], {host: hostOf(() => '')})).stdout).toBe('');
  });

  it.each([
    [new CommandError(['docker', ['ps']], {reason: 'exit code 1'}), 'KNI-E113'],
    [Object.assign(new Error('no permission'), {code: 'EACCES'}), 'KNI-E114'],
    [new TypeError('x is not a function'), 'KNI-E199'],
  ])('has a code for %s', (error, code) => {
    const stdout = capture();
    const world = {
      host: fakeHost(),
      stdout,
      stderr: capture(),
      env: {},
      signal: new AbortController().signal,
      confirm: async () => false,
    };
    expect(report(error, world, {json: true})).toBe(exitCodes.failed);
    expect(last(stdout.text())).toMatchObject({type: 'error', exitCode: 1, code});
  });
});
