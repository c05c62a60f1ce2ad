/**
 * The commands and their flags. The action of a command is one call. It imports the command, so that --version and --help
 * load only what this file imports.
 */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Command, Option} from 'commander';
import {project} from '../project.ts';
import {components} from '../stacks/own-source.ts';
import {addCluster} from './add-cluster.ts';
import {addCompare} from './add-compare.ts';
import {addDashboard} from './add-dashboard.ts';
import {addDrill, addTour} from './add-drill.ts';
import {addEvents} from './add-events.ts';
import {addCompletion, addConfig, addExplain, addVersion} from './add-habits.ts';
import {addLogs} from './add-logs.ts';
import {addPod} from './add-pod.ts';
import {addRuntime} from './add-runtime.ts';
import {addPlan, addStages, addUp} from './add-stages.ts';
import {addStatus} from './add-status.ts';
import {examplesText} from './examples.ts';
import {json, lockTimeout, name, quiet, stack, verbose} from './options.ts';
import {commandsOf} from './settings/flags.ts';
import type {World} from './world.ts';
import {wrapHelp} from './wrap.ts';

const {version, description}: {readonly version: string; readonly description: string} = JSON.parse(
  readFileSync(join(project.root, 'package.json'), 'utf8'),
);

export const createProgram = (world: World): Command => {
  const program = new Command('kni-demo')
    .description(description)
    .version(version)
    .exitOverride()
    // The arguments of kubectl are for kubectl, even --version.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(wrapHelp(text, process.stdout.columns || 80)),
      writeErr: (text) => void world.stderr.write(text),
    })
    .addHelpText('after', help);

  for (const [heading, adders] of [
    ['The demo:', [addUp, addStages, addPlan, addDown]],
    [
      'What happens:',
      [addStatus, addNetworks, addLogs, addEvents, addDashboard, addDrill, addCompare, addTour],
    ],
    ['Pods and nodes:', [addPod, addCluster]],
    ['Your own parts:', [addRuntime, addPatch, addBundle]],
    ['Help:', [addExplain, addConfig, addCompletion, addVersion]],
  ] as const) {
    program.commandsGroup(heading);
    for (const add of adders) add(program, world);
  }
  program.helpCommand('help [command]', 'show the help of a command');
  addHelp(program);
  useSettings(program, world);
  return program;
};

/** Adds examples to the help of each command. Its errors point to its help. */
const addHelp = (program: Command, path: readonly string[] = []): void => {
  program
    .showHelpAfterError(`(see ${['kni-demo', ...path].join(' ')} --help)`)
    .addHelpText('after', examplesText(path.join(' ')));
  // kubectl gets all flags after its name.
  if (path.length > 0 && !['kubectl', '__complete'].includes(program.name()))
    program.option('--debug', 'print each program that is run, and the stack trace of an error');
  for (const command of program.commands) addHelp(command, [...path, command.name()]);
};

/** Settings become the values of flags that the command line does not set. */
const useSettings = (program: Command, world: World): void => {
  const apply = async (command: Command): Promise<void> => {
    const {applySettings, readSettings} = await import('./settings/apply.ts');
    const place = {env: world.env, directory: world.directory ?? process.cwd()};
    const settings = await readSettings(program, place);
    // A command such as `logs` has flags and subcommands, which share them.
    for (let each: Command | null = command; each !== null; each = each.parent) applySettings(each, settings);
  };
  program.hook('preAction', (_, command) =>
    // These work with an invalid file, too.
    ['completion', '__complete', 'explain'].includes(command.name()) ? undefined : apply(command),
  );
  // commander checks mandatory flags before the hook preAction.
  for (const group of commandsOf(program))
    group.hook('preSubcommand', (_, command) =>
      command.options.some(({mandatory}) => mandatory) ? apply(command) : undefined,
    );
};

const addNetworks = (program: Command, world: World): void => {
  program
    .command('networks')
    .description("show every node's networks: ready or why not, and how many addresses are in use")
    .addOption(name())
    .option('--json', 'print one JSON object per node')
    .addHelpText('after', networksHelp)
    .action(async (options) => (await import('./commands/networks.ts')).networks(world, options));
};

const addBundle = (program: Command, world: World): void => {
  const bundle = program
    .command('bundle')
    .description('copy the demo to a machine without a network, in one file');
  bundle
    .command('save')
    .description('build missing parts, and pack the node image, its sources and the tools')
    .argument('<file>', 'tarball to write, about 1 GB')
    .addOption(stack())
    .addOption(name())
    .option('-y, --yes', 'install missing packages and start the docker engine')
    .addOption(quiet())
    .addOption(verbose())
    .addOption(json())
    .addOption(lockTimeout('0'))
    .action(async (file: string, options) =>
      (await import('./commands/bundle.ts')).bundleSave(world, file, options),
    );
  bundle
    .command('load')
    .description('check a saved file and load it, so that up needs no network')
    .argument('<file>', 'file that bundle save has written')
    .addOption(stack())
    .addOption(name())
    .option('-y, --yes', 'start the docker engine of the bundle if this machine has none')
    .addOption(quiet())
    .addOption(verbose())
    .addOption(json())
    .addOption(lockTimeout('0'))
    .action(async (file: string, options) =>
      (await import('./commands/bundle.ts')).bundleLoad(world, file, options),
    );
};

const addDown = (program: Command, world: World): void => {
  program
    .command('down')
    .description('delete the cluster, and only what kni-demo made')
    .addOption(name())
    .option('-y, --yes', 'do not ask')
    .option('--all', 'delete all clusters of kni-demo, and stop the docker engine if kni-demo started it')
    .option('--purge', 'also remove images, caches and unpacked tools; implies --all')
    .option(
      '--purge-foreign',
      'also remove foreign containers, images and volumes in the docker engine that kni-demo installed; implies --purge',
    )
    .addOption(json())
    .addOption(lockTimeout('0'))
    .action(async (options) => (await import('./commands/down.ts')).down(world, options));
};

const addPatch = (program: Command, world: World): void => {
  const patch = program.command('patch').description('work with the patches of a stack');
  patch
    .command('check')
    .description('check hunk by hunk whether the patches apply to the pinned sources, without a build')
    .addOption(stack())
    .addOption(name())
    .option('--json', 'one JSON object a component')
    .addOption(lockTimeout('0'))
    .addHelpText('after', patchCheckHelp)
    .action(async (options) => (await import('./commands/patch-check.ts')).patchCheck(world, options));

  patch
    .command('rebase')
    .description("rebase a component's patches onto another release, and explain the rejected hunks")
    .addOption(stack())
    .addOption(name())
    .addOption(component())
    .requiredOption('--onto <dir>', 'source tree of the other release, which is only read')
    .option('--output <dir>', 'where the new patches go (default: <stack>-<component>-rebased)')
    .addOption(json())
    .addHelpText('after', patchRebaseHelp)
    .action(async (options) => (await import('./commands/patch-rebase.ts')).patchRebase(world, options));
};

const component = (): Option =>
  new Option('--component <component>', 'the component whose patches to rebase')
    .choices(components)
    .makeOptionMandatory();
const networksHelp = `
Exit code 1: a node did not answer, because it or its network runtime is stopped. The other nodes are shown anyway.
A network that is not ready does not change the exit code.`;

const patchCheckHelp = `
Needs patch(1). Patches must apply without fuzz; moved lines do not matter. + applies, ! needs fuzz, - fails.
Exit code 1 if a patch does not apply as up would apply it. Downloads sources that are not in the cache.`;

const patchRebaseHelp = `
Needs patch(1) and git. Tries each hunk exactly, then with up to 2 lines of fuzz, then a merge with the pinned source if \
that is in the cache. ! marks a hunk to check: it needed fuzz, fits twice, or was merged. Rejected hunks (-) are in *.rej \
beside the new patches, and rejected.txt explains them. Exit code 1 if a hunk was rejected.`;

const help = `
Exit codes: 0 success, 1 a task or the proof failed, 2 bad input, 3 this machine lacks something, \
4 the cluster is not kni-demo's, has other parameters or runs your own network runtime, 5 another kni-demo is running, 130 cancelled, \
141 the reader of the output closed the pipe`;
