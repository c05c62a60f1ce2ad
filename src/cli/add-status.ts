/** The commands about the state of clusters and of this machine, and their flags. */

import {type Command, Option} from 'commander';
import {clusterName} from '../cluster/names.ts';
import type {World} from './world.ts';

export const addStatus = (program: Command, world: World): void => {
  program
    .command('status')
    .description('show your clusters: nodes, network runtimes, pods and their addresses, pending cleanups')
    .addOption(new Option('--name <name>', 'only this cluster').argParser(clusterName))
    .option('-w, --watch', 'repeat it every 2 seconds')
    .option('--json', 'print one JSON object')
    .addHelpText('after', statusHelp)
    .action(async (options) => (await import('./commands/status.ts')).status(world, options));

  program
    .command('doctor')
    .description('check this machine and your clusters: each result with its reason and its fix')
    .option('--fix', 'run the commands that are safe: kernel settings and modules')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'print one JSON object')
    .addHelpText('after', doctorHelp)
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(world, options));
};

const doctorHelp = `
+ good, ! may cause trouble, - a problem. --fix needs root.
Exit code 3: there is a problem. A warning does not change the exit code.`;

const statusHelp = `
RUNTIME is the build of the node's network runtime. The size of a large cache is measured only in part.
Exit code 1: a node is stopped, lost or not known to be Ready, or its network runtime has no ready network.`;
