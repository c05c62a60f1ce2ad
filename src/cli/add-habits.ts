/** The commands about the program itself: config show, completion, version, explain. */

import {Argument, type Command} from 'commander';
import {name, stack} from './options.ts';
import type {World} from './world.ts';

export const addConfig = (program: Command, world: World): void => {
  program
    .command('config')
    .description('work with settings, which are defaults for flags')
    .command('show')
    .description('show every setting with its value and origin')
    .option('--json', 'print one JSON object')
    .addHelpText('after', configHelp)
    .action(async (options) =>
      (await import('./commands/config-show.ts')).configShow(world, program, options),
    );
};

export const addCompletion = (program: Command, world: World): void => {
  program
    .command('completion')
    .description('print a script that completes commands, flags, stacks and clusters in a shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell) => (await import('./commands/completion.ts')).completion(world, shell));
  program
    .command('__complete', {hidden: true})
    .argument('[words...]')
    .action(async (words: readonly string[]) =>
      (await import('./commands/completion.ts')).complete(world, program, words),
    );
};

export const addVersion = (program: Command, world: World): void => {
  program
    .command('version')
    .description('show the versions of kni-demo, the stack, kind, docker and Node.js')
    .addOption(stack())
    .addOption(name())
    .option('--json', 'print one JSON object')
    .action(async (options) =>
      (await import('./commands/version.ts')).version(world, program.version() ?? '', options),
    );
};

export const addExplain = (program: Command, world: World): void => {
  program
    .command('explain')
    .description('say what an error code means, why the error occurs and what to do')
    .argument('[code]', 'code such as KNI-E402 (default: list all)')
    .option('--json', 'print one JSON object per code')
    .action(async (code: string | undefined, options) =>
      (await import('./commands/explain.ts')).explain(world, code, options),
    );
};

const configHelp = `
A setting is a default for the flag of the same name. It comes from, in this order:
  1. the variable KNI_DEMO_<FLAG>, for example KNI_DEMO_LOCK_TIMEOUT=10m
  2. the closest kni-demo.yaml in the current directory or above it, for example:
       stack: upstream
       workers: 3
       source: [kubernetes=../kubernetes]
Paths in stack and source are relative to the file. Only the command line can set --yes, --all, --list, \
--restore, --purge, --purge-foreign, --fix, --runtime-of and --record.`;
