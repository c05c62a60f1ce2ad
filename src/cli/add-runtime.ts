/** The commands about your own network runtimes, and their flags. */

import {type Command, Option} from 'commander';
import {languages} from '../runtimes/languages.ts';
import {json, lockTimeout, name} from './options.ts';
import type {World} from './world.ts';

export const addRuntime = (program: Command, world: World): void => {
  const runtime = program.command('runtime').description('write your own network runtime');
  addNew(runtime, world);
  addTest(runtime, world);
  addBuild(runtime, world);
  addUse(runtime, world);
  addDev(runtime, world);
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

/** Collects the values of a flag that is given several times. */
const repeatable = (each: string, before: readonly string[] = []): readonly string[] => [...before, each];

const addTest = (runtime: Command, world: World): void => {
  runtime
    .command('test')
    .description('check a network runtime against the requirements of the KNI conformance suite')
    .argument('[dir]', 'directory or file of the runtime, or "default" for that of kni-demo')
    .option('--exec <file>', 'check this executable instead')
    .option('--socket <path>', 'check a running runtime at its socket')
    .option('--node <node>', 'check the running runtime of a node')
    .addOption(name())
    .option('--group <group>', 'check only this group; repeatable', repeatable)
    .option('--requirement <id>', 'check only this requirement, such as L03; repeatable', repeatable)
    .option('--list', 'list the requirements, and run nothing')
    .option('--junit <file>', 'also write the results as JUnit XML')
    .addOption(json())
    .addHelpText('after', testHelp)
    .action(async (dir: string | undefined, options) =>
      (await import('./commands/runtime-test.ts')).runtimeTest(world, dir, options),
    );
};

const testHelp = `
A directory or file is started in new network, mount and process namespaces, which takes root. --socket and --node make \
only the calls that are safe on a live node. Exit code 1 if a MUST fails. A failed SHOULD is reported only.
docs/kni-conformance.md lists all requirements with their sources.`;

const addBuild = (runtime: Command, world: World): void => {
  runtime
    .command('build')
    .description('make one file of a network runtime, or show the lines that do not compile')
    .argument('[dir]', 'directory with runtime.ts, or with Go', '.')
    .option('--output <file>', 'file to write (default: runtime.mjs or runtime in <dir>)')
    .addOption(json())
    .action(async (dir: string, options) =>
      (await import('./commands/runtime-build.ts')).runtimeBuild(world, dir, options),
    );
};
const addUse = (runtime: Command, world: World): void => {
  runtime
    .command('use')
    .description("put a network runtime on all nodes of a cluster and prove it, or kni-demo's own again")
    .argument('<runtime>', 'directory with runtime.ts or Go, script for Node.js, executable, or default')
    .addOption(name())
    .option('-y, --yes', 'do not ask')
    .addOption(json())
    .addOption(lockTimeout('0'))
    .addHelpText('after', useHelp)
    .action(async (what: string, options) =>
      (await import('./commands/runtime-use.ts')).runtimeUse(world, what, options),
    );
};

const addDev = (runtime: Command, world: World): void => {
  runtime
    .command('dev')
    .description('put a project on all nodes after each save, prove it, and show its log')
    .argument('<dir>', 'directory with runtime.ts, or with Go')
    .addOption(name())
    .option('-y, --yes', 'do not ask')
    .addOption(json())
    .addOption(lockTimeout('0'))
    .addHelpText('after', devHelp)
    .action(async (dir: string, options) =>
      (await import('./commands/runtime-dev.ts')).runtimeDev(world, dir, options),
    );
};

const devHelp = `
The first version is installed as by kni-demo runtime use. Later ones replace it without new sandboxes; only the sample \
pod is recreated. While a file does not compile, or its program does not become ready, the former version serves.
After Ctrl-C, the last version that was proved stays in use until kni-demo runtime use default.`;

const useHelp = `
All pods get new sandboxes, except those on the host network; no pod is deleted. A runtime that does not become ready, or \
whose pods get no network, is rolled back: all nodes run the former one again. It gets its settings from variables KNI_*, \
see docs/own-runtime.md. kni-demo up keeps it. The word default brings back kni-demo's own network runtime.`;

const newHelp = `
Nothing has to be installed: kni-demo bundles TypeScript with the SDK in <dir>/.kni, and compiles Go in a container.
Read <dir>/README.md next.`;
