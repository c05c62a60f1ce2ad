/** Runs one command: takes arguments, returns the exit code. */

import process from 'node:process';
import {CommanderError} from 'commander';
import {type ExitCode, exitCodes} from '../exit-codes.ts';
import {localHost} from '../host/process.ts';
import {ask} from './ask.ts';
import {watchOutput} from './lost-output.ts';
import {createProgram} from './program.ts';
import {report} from './report.ts';
import type {World} from './world.ts';

export const main = async (argv: readonly string[], world: World): Promise<number> => {
  const output = watchOutput(world.stdout, world.stderr);
  const signal = AbortSignal.any([world.signal, output.signal]);
  return output.settle(await run(argv, {...world, signal}, output.signal));
};

const run = async (argv: readonly string[], world: World, lost: AbortSignal): Promise<ExitCode> => {
  try {
    await createProgram(world).parseAsync([...argv], {from: 'user'});
    return exitCodes.ok;
  } catch (error) {
    // commander has printed the error. It also throws after --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
    // Aborted because of lost output, not by the user: `watchOutput` reports that.
    return lost.aborted ? exitCodes.failed : report(error, world);
  }
};

export const realWorld = (): World => {
  const cancel = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    // The second Ctrl-C ends the process at once.
    if (cancel.signal.aborted) process.exit(exitCodes.cancelled);
    cancel.abort(new Error(`cancelled by ${name}`));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    host: localHost(),
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: cancel.signal,
    async confirm(question) {
      if (!process.stdin.isTTY) return false;
      return ask(question, {input: process.stdin, output: process.stderr, cancel});
    },
  };
};
