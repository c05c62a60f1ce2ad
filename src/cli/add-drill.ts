/** The commands drill and tour, and their flags. */

import {Argument, type Command} from 'commander';
import {drillNames} from '../drills/names.ts';
import {json, lockTimeout, name} from './options.ts';
import type {World} from './world.ts';

export const addDrill = (program: Command, world: World): void => {
  program
    .command('drill')
    .description('show on the running cluster what KNI does when something fails, with a verdict')
    .addArgument(new Argument('[drills...]', 'what to show').choices(drillNames))
    .option('--list', 'list the drills and the questions that they answer')
    .option('--all', 'run all drills')
    .option('--restore', 'only undo the changes of an interrupted drill')
    .addOption(name())
    .addOption(json())
    .addOption(lockTimeout('0'))
    .addHelpText('after', help)
    .action(async (drills: readonly string[], options) =>
      (await import('./commands/drill.ts')).drill(world, drills, options),
    );
};

export const addTour = (program: Command, world: World): void => {
  program
    .command('tour')
    .description('show KNI step by step on the running cluster, in a few minutes; a key continues')
    .option('--auto', 'go on after some seconds instead of waiting for a key')
    .addOption(name())
    .addOption(json())
    .addOption(lockTimeout('0'))
    .addHelpText('after', tourHelp)
    .action(async (options) => (await import('./commands/tour.ts')).tour(world, options));
};

const tourHelp = `
Runs the drills life, ownership, readiness and restart, then kni-demo compare with two pods, and restores everything.
The pods of the first worker restart twice. It fits into 80 columns and 24 rows. Without a terminal it waits for no keys.
Exit code 1: a check failed, or a drill left something behind.`;

const help = `
A drill takes up to a minute. It changes only the namespace kni-drill and one worker, and restores both, also after Ctrl-C.
After kill -9, run kni-demo drill --restore. Drills that stop the runtime make that worker not Ready for some seconds.
Exit code 1: a check failed, or the drill left something behind.`;
