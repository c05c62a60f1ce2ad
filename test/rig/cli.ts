/** The program in a world of its own: captured streams, a fake host and machine, a cache and a state of its own. */

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
  readonly stderr: string;
  /** What was asked. */
  readonly questions: readonly string[];
}

export interface Around extends Partial<World> {
  /** Default: nobody is there to answer. */
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
    network: {silence: async () => 'getaddrinfo ENOTFOUND'},
    stdout,
    stderr,
    env: envOf(dir),
    signal: new AbortController().signal,
    async confirm(question) {
      questions.push(question);
      return answer;
    },
    ...rest,
  });
  return {code, stdout: stdout.text(), stderr: stderr.text(), questions};
};

/** Answers everything by one function; whatever it throws is the answer. */
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
