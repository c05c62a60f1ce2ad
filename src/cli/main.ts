/** Runs one command: takes arguments, returns the exit code. Loads late what --version and --help do not need. */

import {setMaxListeners} from 'node:events';
import process from 'node:process';
import {CommanderError} from 'commander';
import {exitCodes} from '../exit-codes.ts';
import type {Host} from '../host/host.ts';
import {watchOutput} from './lost-output.ts';
import {createProgram} from './program.ts';
import type {World} from './world.ts';

export const main = async (argv: readonly string[], world: World): Promise<number> => {
  const output = watchOutput(world.stdout, world.stderr);
  const signal = AbortSignal.any([world.signal, output.signal]);
  // Each running program listens. Node.js warns of a leak at 11, which status and doctor reach with six clusters.
  setMaxListeners(0, signal);
  return output.settle(await run(argv, {...world, signal}, output.signal));
};

const run = async (argv: readonly string[], world: World, lost: AbortSignal): Promise<number> => {
  let host = world.host;
  const program = createProgram({...world, host: {run: (command, options) => host.run(command, options)}});
  // Also true if a variable or kni-demo.yaml sets them.
  let json = argv[0] !== 'kubectl' && argv.includes('--json');
  let debug = false;
  program.hook('preAction', async (_, command) => {
    const flags = command.optsWithGlobals();
    json ||= flags['json'] === true || flags['format'] === 'json';
    debug = flags['debug'] === true;
    // Not only after an error: a build may replace the files of a program that runs for minutes.
    await loadReport();
    if (debug) host = (await import('./trace.ts')).traced(host, world.stderr);
  });
  try {
    await program.parseAsync([...argv], {from: 'user'});
    return exitCodes.ok;
  } catch (error) {
    // commander has printed the error. It also throws after --help and --version.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      const {runOutput} = await import('./run-output.ts');
      const [what = ''] = error.message.replace(/^error: /, '').split('\n');
      runOutput(world, json).record('error', {exitCode: exitCodes.badInput, code: 'KNI-E217', what});
      return exitCodes.badInput;
    }
    // Aborted because of lost output, not by the user: `watchOutput` reports that.
    if (lost.aborted) return exitCodes.failed;
    const {report} = await loadReport();
    return report(error, world, {json, debug});
  }
};

const loadReport = () => import('./report.ts');

export const realWorld = (): World => {
  const cancel = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (!cancel.signal.aborted) cancel.abort(new Error(`cancelled by ${name}`));
    // The second Ctrl-C ends the process at once. A terminal that is closed may send SIGHUP twice.
    else if (name !== 'SIGHUP') process.exit(exitCodes.cancelled);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return {
    host: lateHost,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    signal: cancel.signal,
    async confirm(question) {
      if (!process.stdin.isTTY) return false;
      const {ask} = await import('./ask.ts');
      return ask(question, {input: process.stdin, output: process.stderr, cancel});
    },
    async pressKey() {
      if (!process.stdin.isTTY) return false;
      const {pressKey} = await import('./press-key.ts');
      await pressKey({input: process.stdin, cancel});
      return true;
    },
  };
};

/** This machine. */
const lateHost: Host = {
  async run(command, options) {
    const {localHost} = await import('../host/process.ts');
    return localHost().run(command, options);
  },
};
