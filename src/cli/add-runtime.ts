/** The commands about network runtimes of your own, and their flags. */

import {type Command, Option} from 'commander';
import {languages} from '../runtimes/languages.ts';
import {json} from './options.ts';
import type {World} from './world.ts';

export const addRuntime = (program: Command, world: World): void => {
  const runtime = program.command('runtime').description('write a network runtime of your own');
  addNew(runtime, world);
};

const addNew = (runtime: Command, world: World): void => {
  runtime
    .command('new')
    .description('create a small, complete network runtime to start from')
    .argument('<dir>', 'directory to create; an existing one must be empty')
    .addOption(
      new Option('--lang <language>', 'the language to write it in').choices(languages).default('typescript'),
    )
    .addOption(json())
    .addHelpText('after', newHelp)
    .action(async (dir: string, options) =>
      (await import('./commands/runtime-new.ts')).runtimeNew(world, dir, options),
    );
};

const newHelp = `
It needs no npm install: the SDK is copied into <dir>/.kni, and kni-demo bundles the project. Read <dir>/README.md next.`;
