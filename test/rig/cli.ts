/** Runs the program with captured streams, a fake host and machine, and its own cache and state. */

import {main} from '../../src/cli/main.ts';
import type {World} from '../../src/cli/world.ts';
import type {Host} from '../../src/host/host.ts';
import {envOf, machine} from './demo.ts';
import {fakeHost} from './fake-host.ts';
import type {TempDir} from './temp-dir.ts';
import {capture} from './terminal.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Without the line that names the error code. */
  readonly stderr: string;
  /** The code that the error names: `KNI-E206`. */
  readonly errorCode: string | undefined;
  /** The questions that the program has asked. */
  readonly questions: readonly string[];
}

export interface Around extends Partial<World> {
  /** Default: no. */
  readonly answer?: boolean;
}

export const cli = async (
  dir: TempDir,
  args: readonly string[],
  {answer = false, host = fakeHost(), ...rest}: Around = {},
): Promise<Ended> => {
  const [stdout, stderr] = [capture(), capture()];
  const questions: string[] = [];
  const code = await main(args, {
    host,
    machine: machine(),
    stdout,
    stderr,
    env: envOf(dir),
    // Not the checkout, which may have a kni-demo.yaml.
    directory: dir.path,
    signal: new AbortController().signal,
    async confirm(question) {
      questions.push(question);
      return answer;
    },
    ...rest,
  });
  const [before = '', errorCode, after = ''] = stderr.text().split(/^more: {2}kni-demo explain (\S+)\n/m);
  return {code, stdout: stdout.text(), stderr: `${before}${after}`, errorCode, questions};
};

/** A host that answers every command with one function, or with the error that it throws. */
export const hostOf = (answer: (line: string) => string): Host & {readonly ran: readonly string[]} => {
  const ran: string[] = [];
  return {
    ran,
    async run([file, args], options) {
      const line = [file, ...args].join(' ');
      ran.push(line);
      return fakeHost(`$ x\n${answer(line)}`).run(['x', []], options);
    },
  };
};
