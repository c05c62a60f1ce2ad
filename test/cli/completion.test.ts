/** Completion in a real zsh and a real fish. test/cli/habits.test.ts tests bash. */
import {spawn} from 'node:child_process';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {quoteCommand} from '../../src/host/quote.ts';
import {end, output} from '../rig/processes.ts';
import {type RealCli, realCli} from '../rig/real-cli.ts';
import {findShell} from '../rig/shells.ts';
import {until} from '../rig/wait.ts';

let real: RealCli;
beforeAll(async () => {
  real = await realCli();
}, 120_000);
afterAll(() => real[Symbol.asyncDispose]());

const environment = (env: Readonly<Record<string, string>>) => ({
  ...process.env,
  ...env,
  TERM: 'xterm',
  HOME: real.dir.path,
  XDG_STATE_HOME: real.dir.join('state'),
});

it('works in zsh, after a Tab in a terminal', {timeout: 240_000}, async () => {
  const {program, env} = await findShell('zsh');
  const inside = `stty cols 80; ${quoteCommand([program, ['-f', '-i']])}`;
  const child = spawn('script', ['-qec', inside, '/dev/null'], {
    stdio: 'pipe',
    cwd: real.dir.path,
    env: environment(env),
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  /** Returns what the terminal shows then. */
  const typed = async (text: string, enough: RegExp): Promise<string> => {
    shown = '';
    child.stdin.write(text);
    await until(`the terminal to show ${enough}`, () => enough.test(shown), 60_000).catch(
      (error: unknown) => {
        throw new Error(`after ${JSON.stringify(text)} it shows ${JSON.stringify(shown)}`, {cause: error});
      },
    );
    return shown;
  };
  const removeLine = '\u0015';
  try {
    const setUp = `kni-demo() { ${real.line()} "$@"; }; autoload -Uz compinit; compinit -D -u; eval "$(kni-demo completion zsh)"`;
    // The quotes keep the echo of the command from matching.
    await typed(`${setUp}; print 'set''up'\n`, /setup\r?\n/);
    expect(await typed('kni-demo up --stack \t', /upstream/)).toMatch(/bookworm +upstream/);
    await typed(`${removeLine}kni-demo complet\t`, /completion/);
    await typed('f\t', /fish/);
    await typed(`${removeLine}kni-demo bundle load pack\t`, /age\.json/);
  } finally {
    await end(child);
  }
});

it('works in fish', {timeout: 240_000}, async () => {
  const {program, env} = await findShell('fish');
  const offered = async (line: string): Promise<readonly string[]> => {
    const script = [
      `function kni-demo; ${real.line()} $argv; end`,
      'kni-demo completion fish | source',
      `complete -C '${line}'`,
    ].join('\n');
    const options = {cwd: real.dir.path, env: environment(env)};
    return (await output(program, ['--no-config', '-c', script], options)).split('\n').filter(Boolean);
  };
  expect(await offered('kni-demo up --stack ')).toEqual(['bookworm', 'upstream']);
  expect(await offered('kni-demo completion f')).toEqual(['fish']);
  expect(await offered('kni-demo pod ')).toEqual(['create', 'delete', 'inspect', 'list']);
  expect(await offered('kni-demo bundle load pack')).toEqual(['package.json']);
});
