import {existsSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {afterEach, describe, expect, it} from 'vitest';
import {CommandError} from '../../src/host/command-error.ts';
import {type LocalHostOptions, localHost} from '../../src/host/process.ts';
import {bundle} from '../rig/bundle.ts';
import {isAlive} from '../rig/processes.ts';
import {tempDir} from '../rig/temp-dir.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const host = (options: LocalHostOptions = {}) => localHost({grace: 300, linger: 100, ...options});

/** Children that a fixture leaves behind on purpose. */
const leftBehind: number[] = [];
afterEach(() => {
  for (const pid of leftBehind.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

const failureOf = async (run: Promise<unknown>): Promise<CommandError> => {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof CommandError)) throw new Error('expected a CommandError', {cause: error});
  return error;
};

describe('a command that ends well', () => {
  it('returns both outputs, each without its last line break', async () => {
    const result = await host().run([fixture('say'), ['out', '', 'more', '--', 'err', '']]);
    expect(result).toEqual({stdout: 'out\n\nmore', stderr: 'err\n'});
  });

  it('passes every line on as it comes, of both outputs', async () => {
    const lines: string[] = [];
    await host().run([fixture('say'), ['one', '--', 'two']], {onLine: (line) => lines.push(line)});
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  it('passes arguments on as they are, through no shell', async () => {
    const args = ['$HOME', '*', 'a b', `'"\\`, '', 'ünïcödé', '; exit 1'];
    expect((await host().run([fixture('say'), args])).stdout).toBe(args.join('\n'));
  });

  it('runs in the given directory, with the given variables and the rest of the environment', async () => {
    await using dir = await tempDir();
    const result = await host().run([fixture('environment'), []], {
      cwd: dir.path,
      env: {GIVEN: 'value'},
      input: 'typed\nlines',
    });
    expect(result.stdout).toBe(`${dir.path}\nvalue\ntyped\nlines`);
  });

  it('gets an empty standard input by default', async () => {
    expect((await host().run(['cat', []])).stdout).toBe('');
  });

  it('may leave its input unread', async () => {
    await expect(host().run(['true', []], {input: 'x'.repeat(1_000_000)})).resolves.toBeDefined();
  });

  it('may print a lot', async () => {
    const {stdout} = await host().run(['head', ['-c', '5000000', '/dev/zero']]);
    expect(stdout).toHaveLength(5_000_000);
  });

  it('is not waited for longer than a moment if a daemon that it leaves behind holds its output', async () => {
    const {stdout} = await host().run([fixture('daemon'), []]);
    const pid = Number(stdout);
    leftBehind.push(pid);
    expect(isAlive(pid)).toBe(true);
  });
});

describe('a command that fails', () => {
  it('contains its exit code, its command and its last lines', async () => {
    const error = await failureOf(host().run([fixture('fail'), ['3']]));
    expect(error.message).toBe(`exit code 3: ${fixture('fail')} 3`);
    expect(error).toMatchObject({reason: 'exit code 3', exitStatus: 3, command: [fixture('fail'), ['3']]});
    expect(error.output.split('\n')).toEqual(Array.from({length: 20}, (_, index) => `line ${index + 6}`));
  });

  it.each([
    ['a program that there is not', 'kni-demo-no-such-program', 'not found'],
    ['a program whose interpreter there is not', fixture('not-a-program'), 'not found'],
    ['a file that is not executable', fixture('not-executable'), 'not executable'],
    ['a program that is killed', fixture('suicide'), 'killed by SIGKILL'],
  ])('tells of %s', async (_, file, reason) => {
    expect(await failureOf(host().run([file, []]))).toMatchObject({reason, message: `${reason}: ${file}`});
  });

  it('distinguishes a missing directory from a missing program', async () => {
    const error = await failureOf(host().run(['true', []], {cwd: '/no/such/directory'}));
    expect(error.reason).toBe('no such directory /no/such/directory');
  });

  it('has a message with one line, for any command', async () => {
    const error = await failureOf(host().run(['sh', ['-c', 'set -e\n  false\n'.repeat(100)]]));
    expect(error.message).toMatch(/^exit code 1: sh -c 'set -e false set -e .*…$/);
    expect(error.message.length).toBeLessThan(250);
  });

  it('fails if it prints more than can be kept', async () => {
    const run = host({limit: 100_000}).run(['head', ['-c', '1000000', '/dev/zero']]);
    expect((await failureOf(run)).reason).toBe('printed more than 100000 characters');
  });

  it('may print without a limit if its lines are followed', async () => {
    let count = 0;
    const {stdout} = await host({limit: 1_000}).run(['seq', ['100000']], {onLine: () => (count += 1)});
    expect(count).toBe(100_000);
    expect(stdout.endsWith('\n99999\n100000')).toBe(true);
  });
});

describe('ending a command', () => {
  it('does not start it when cancelled before', async () => {
    const error = await failureOf(
      host().run(['kni-demo-no-such-program', []], {signal: AbortSignal.abort()}),
    );
    expect(error.reason).toBe('cancelled');
  });

  it('lets it end by itself on SIGTERM, and keeps its last words', async () => {
    const cancel = new AbortController();
    const patient = host({grace: 30_000});
    const run = patient.run([fixture('hang'), []], {signal: cancel.signal, onLine: () => cancel.abort()});
    expect(await failureOf(run)).toMatchObject({
      reason: 'cancelled',
      output: 'started\ntold to end',
    });
  });

  it('ends it after its time', async () => {
    const error = await failureOf(host().run([fixture('hang'), []], {timeout: 200}));
    expect(error.message).toBe(`timed out after 0.2 s: ${fixture('hang')}`);
  });

  it.each(['stubborn', 'orphan'])('kills what does not end when told: %s', async (name) => {
    const cancel = new AbortController();
    let child = 0;
    const run = host().run([fixture(name), []], {
      signal: cancel.signal,
      onLine(line) {
        child = Number(line);
        cancel.abort();
      },
    });
    expect((await failureOf(run)).reason).toBe('cancelled');
    await expect.poll(() => isAlive(child), {timeout: 30_000}).toBe(false);
  });

  it('does not wait for a child that left the group with its output', async () => {
    const cancel = new AbortController();
    const run = host().run([fixture('escape'), []], {
      signal: cancel.signal,
      onLine(line) {
        leftBehind.push(Number(line));
        cancel.abort();
      },
    });
    expect((await failureOf(run)).reason).toBe('cancelled');
  });

  it.skipIf(!existsSync('/usr/bin/perl'))('does not wait for a zombie, which no signal ends', async () => {
    const cancel = new AbortController();
    const run = host({grace: 60_000}).run([fixture('zombie'), []], {
      signal: cancel.signal,
      onLine(line) {
        leftBehind.push(Number(line));
        cancel.abort();
      },
    });
    expect((await failureOf(run)).reason).toBe('cancelled');
  });

  it('spares what a command left behind when it is cancelled after the end', async () => {
    const cancel = new AbortController();
    const {stdout} = await host().run([fixture('daemon'), []], {signal: cancel.signal});
    leftBehind.push(Number(stdout));
    cancel.abort();
    expect(isAlive(Number(stdout))).toBe(true);
  });

  it('leaves nothing listening on the signal', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const {signal} = new AbortController();
    for (let i = 0; i < 15; i += 1) await host().run(['true', []], {signal});
    await sleep(0);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('ends its commands when it exits', async () => {
    await using dir = await tempDir();
    const script = await bundle(fileURLToPath(new URL('fixtures/exit-early.ts', import.meta.url)), dir);
    const {stdout} = await host().run([process.execPath, [script, fixture('say-pid')]]);
    const child = Number(stdout);
    leftBehind.push(child);
    expect(child).toBeGreaterThan(0);
    await expect.poll(() => isAlive(child), {timeout: 30_000}).toBe(false);
  });
});
