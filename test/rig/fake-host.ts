/** A host that plays a shell transcript, and throws on any command that is not in it. */

import {CommandError} from '../../src/host/command-error.ts';
import type {Command, CommandResult, Host, RunOptions} from '../../src/host/host.ts';
import {quoteCommand} from '../../src/host/quote.ts';
import {type Exchange, parseTranscript} from './transcript.ts';

export interface FakeHost extends Host, Disposable {
  /** The commands that were run, in order, as lines of shell. */
  readonly ran: readonly string[];
  /** The options of these commands, in the same order. */
  readonly options: readonly RunOptions[];
  /**
   * Throws if a command was unexpected, even where the code under test swallowed that, or if one of
   * the transcript was not run. `using host = fakeHost(...)` calls it.
   */
  verify(): void;
}

/** A command that is not in the transcript, or not so often: a mistake in the test or in the code. */
export class UnexpectedCommand extends Error {
  override readonly name = 'UnexpectedCommand';
}

/**
 * Each command of the transcript may be run once; the same command twice stands there twice. The order
 * does not matter, except among equal commands; look at `ran` where it does.
 *
 *     using host = fakeHost(`
 *       $ kind get clusters
 *       test1
 *       $ docker inspect missing
 *       2> Error: No such object: missing
 *       [exit code 1]
 *     `);
 */
export const fakeHost = (transcript = ''): FakeHost => {
  const expected = [...parseTranscript(transcript)];
  const unexpected: UnexpectedCommand[] = [];
  const ran: string[] = [];
  const options: RunOptions[] = [];

  const answer = (command: Command, given: RunOptions): CommandResult => {
    ran.push(quoteCommand(command));
    options.push(given);
    if (given.signal?.aborted) throw new CommandError(command, {reason: 'cancelled'});
    const index = expected.findIndex((exchange) => fits(exchange, command, given));
    const [exchange] = index === -1 ? [] : expected.splice(index, 1);
    if (exchange === undefined) {
      const error = new UnexpectedCommand(surprise(command, given, expected));
      unexpected.push(error);
      throw error;
    }
    return play(exchange, command, given);
  };

  const verify = (): void => {
    const [first] = unexpected;
    if (first) throw first;
    if (expected.length > 0) {
      throw new Error(`never run: ${expected.map(({command}) => command.join(' ')).join('; ')}`);
    }
  };

  return {
    run: async (command, given = {}) => answer(command, given),
    ran,
    options,
    verify,
    [Symbol.dispose]: verify,
  };
};

const fits = (exchange: Exchange, [file, args]: Command, {input}: RunOptions): boolean =>
  JSON.stringify(exchange.command) === JSON.stringify([file, ...args]) &&
  (exchange.input === undefined || exchange.input === input);

const play = ({stdout, stderr, failure}: Exchange, command: Command, {onLine}: RunOptions): CommandResult => {
  const lines = [stdout, stderr].flatMap((text) => (text === '' ? [] : text.split('\n')));
  for (const line of lines) onLine?.(line);
  if (failure === undefined) return {stdout, stderr};
  const status = /^exit code (\d+)$/.exec(failure)?.[1];
  throw new CommandError(command, {
    reason: failure,
    output: lines.join('\n'),
    ...(status !== undefined && {exitStatus: Number(status)}),
  });
};

const surprise = (command: Command, {input}: RunOptions, expected: readonly Exchange[]): string => {
  const rest = expected.map(
    (exchange) => `  $ ${quoteCommand([exchange.command[0] ?? '', exchange.command.slice(1)])}`,
  );
  return [
    `unexpected command:\n  $ ${quoteCommand(command)}`,
    ...(input === undefined ? [] : [`with input:\n${Buffer.from(input).toString()}`]),
    rest.length === 0 ? 'nothing more was expected' : `expected, in any order:\n${rest.join('\n')}`,
  ].join('\n');
};
