/** Runs one command: arguments in, exit code out. The one place that turns errors into text and codes. */

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
    // commander has said it already; its help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.badInput;
    // Not cancelled by the user: lost output is reported by its watch.
    return lost.aborted ? exitCodes.failed : report(error, world);
  }
};

export const realWorld = (): World => {
  const cancel = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    // The second time the user means it.
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
