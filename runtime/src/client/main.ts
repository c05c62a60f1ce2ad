/** The command line of those who ask a running network runtime. */
import {parseArgs} from 'node:util';
import {errorText} from '../log.ts';
import {callRuntime} from './ask.ts';
import {commandFlags, commands} from './commands.ts';

/** The command line is wrong; the message says what about it. */
export class CommandUsageError extends Error {
  override readonly name = 'CommandUsageError';
}

export const isCommand = (args: readonly string[]): boolean =>
  args[0] !== undefined && !args[0].startsWith('-');

/** Returns what is to be printed; throws CommandUsageError, NotConfirmed or AskFailed. */
export const runCommand = async (args: readonly string[], defaultSocket: string): Promise<string> => {
  const {socket, name, argument, ...flags} = parsed(args, defaultSocket);
  const command = commands.find((each) => each.name === name);
  if (!command)
    throw new CommandUsageError(
      `there is no command ${name}: ${commands.map((each) => each.name).join(', ')}`,
    );
  if ((command.argument === undefined) !== (argument === undefined)) {
    throw new CommandUsageError(`usage: kni-runtime ${[name, command.argument].filter(Boolean).join(' ')}`);
  }
  if (command.argument?.includes('/') && !/^[^/]+\/[^/]+$/.test(argument ?? '')) {
    throw new CommandUsageError(`${name} takes ${command.argument}`);
  }
  const foreign = commandFlags.find((flag) => flags[flag] && !command.flags?.includes(flag));
  if (foreign) throw new CommandUsageError(`${name} takes no --${foreign}`);
  const answer = await callRuntime(socket, (ask) => command.run(ask, argument ?? '', flags));
  return `${JSON.stringify(answer, undefined, 2)}\n`;
};

const parsed = (args: readonly string[], defaultSocket: string) => {
  try {
    const options = {
      socket: {type: 'string', default: defaultSocket},
      check: {type: 'boolean', default: false},
      retry: {type: 'boolean', default: false},
      yes: {type: 'boolean', default: false},
    } as const;
    const {values, positionals} = parseArgs({args: [...args], options, allowPositionals: true});
    const [name = '', argument, ...more] = positionals;
    if (more.length > 0) throw new Error(`unexpected argument '${more[0]}'`);
    return {...values, name, argument};
  } catch (error) {
    throw new CommandUsageError(errorText(error), {cause: error});
  }
};
