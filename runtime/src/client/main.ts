/** Parses and runs a command for a running network runtime. */
import {parseArgs} from 'node:util';
import {errorText} from '../log.ts';
import {callRuntime} from './ask.ts';
import {commandFlags, commands} from './commands.ts';

/** The command line is invalid; the message says why. */
export class CommandUsageError extends Error {
  override readonly name = 'CommandUsageError';
}

export const isCommand = (args: readonly string[]): boolean =>
  args[0] !== undefined && !args[0].startsWith('-');

/** Prints text; resolves when it is written. */
export type Print = (text: string) => Promise<void>;

/** Throws CommandUsageError, NotConfirmed or AskFailed. */
export const runCommand = async (
  args: readonly string[],
  defaultSocket: string,
  print: Print,
): Promise<void> => {
  const {socket, name, argument, ...flags} = parseCommandLine(args, defaultSocket);
  const command = commands.find((each) => each.name === name);
  if (!command)
    throw new CommandUsageError(
      `unknown command ${name}; the commands are ${commands.map((each) => each.name).join(', ')}`,
    );
  if ((command.argument === undefined) !== (argument === undefined)) {
    throw new CommandUsageError(`usage: kni-runtime ${[name, command.argument].filter(Boolean).join(' ')}`);
  }
  if (command.argument?.includes('/') && !/^[^/]+\/[^/]+$/.test(argument ?? '')) {
    throw new CommandUsageError(`${name} requires ${command.argument}`);
  }
  const unknownFlag = commandFlags.find((flag) => flags[flag] && !command.flags?.includes(flag));
  if (unknownFlag) throw new CommandUsageError(`${name} does not accept --${unknownFlag}`);
  await callRuntime(socket, async (ask, follow) => {
    for await (const line of command.lines?.(follow, flags) ?? []) await print(`${line}\n`);
    if (!command.run) return;
    await print(`${JSON.stringify(await command.run(ask, argument ?? '', flags), undefined, 2)}\n`);
  });
};

const parseCommandLine = (args: readonly string[], defaultSocket: string) => {
  try {
    const options = {
      socket: {type: 'string', default: defaultSocket},
      check: {type: 'boolean', default: false},
      retry: {type: 'boolean', default: false},
      yes: {type: 'boolean', default: false},
      follow: {type: 'boolean', default: false},
      force: {type: 'boolean', default: false},
    } as const;
    const {values, positionals} = parseArgs({args: [...args], options, allowPositionals: true});
    const [name = '', argument, ...more] = positionals;
    if (more.length > 0) throw new Error(`unexpected argument '${more[0]}'`);
    return {...values, name, argument};
  } catch (error) {
    throw new CommandUsageError(errorText(error), {cause: error});
  }
};
