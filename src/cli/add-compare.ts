/** The command `compare` and its flags. */

import type {Command} from 'commander';
import {comparedPods} from '../cluster/names.ts';
import {json, lockTimeout, name} from './options.ts';
import type {World} from './world.ts';

export const addCompare = (program: Command, world: World): void => {
  program
    .command('compare')
    .description(
      'compare CNI in containerd with KNI: the same pods on one worker, which is switched for a while',
    )
    .addOption(name())
    .option('--pods <n>', 'how many pods to measure on each side, 2 to 100', comparedPods, 10)
    .option('--node <node>', 'the worker to use (default: the first)')
    .addOption(json())
    .addOption(lockTimeout('0'))
    .addHelpText('after', compareHelp)
    .action(async (options) => (await import('./commands/compare.ts')).compare(world, options));
};

const compareHelp = `
It takes about 4 minutes with 10 pods. All pods of the worker, except those on the host network, restart twice, without \
their grace period. Ctrl-C restores the worker at once. After kill -9 the next kni-demo up, or any other command that \
changes the cluster, restores it. docs/compare.md explains the results.`;
