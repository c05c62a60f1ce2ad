/** The commands that work with the nodes of a cluster, and their flags. */

import type {Command} from 'commander';
import {json, lockTimeout, name} from './options.ts';
import type {World} from './world.ts';

export const addCluster = (program: Command, world: World): void => {
  program
    .command('stop')
    .description('stop the nodes of the cluster, and keep everything on them')
    .addOption(name())
    .option('--runtime-of <node>', 'stop only the network runtime of this node, which becomes NotReady')
    .addOption(json())
    .addOption(lockTimeout('0'))
    .action(async (options) => (await import('./commands/stop-start.ts')).stop(world, options));
  program
    .command('start')
    .description('start the stopped nodes of the cluster, and wait until all are Ready')
    .addOption(name())
    .option('--runtime-of <node>', 'start only the network runtime of this node')
    .addOption(json())
    .addOption(lockTimeout('0'))
    .action(async (options) => (await import('./commands/stop-start.ts')).start(world, options));
  program
    .command('kubectl')
    .description('run the kubectl of the cluster with its kubeconfig; all further arguments are for kubectl')
    .argument('[args...]')
    .addOption(name())
    .allowUnknownOption()
    // Otherwise commander would take --help from anywhere in the arguments.
    .helpOption(false)
    .passThroughOptions()
    .addHelpText('after', kubectlHelp)
    .action(async (args: string[], options, command: Command) =>
      args.join() === '--help'
        ? command.help()
        : (await import('./commands/kubectl.ts')).kubectl(world, args, options),
    );

  const image = program.command('image').description('work with the images on the nodes');
  image
    .command('load')
    .description('copy an image into all nodes, so that pods can use it without a registry')
    .argument('<image>', 'its name in the docker engine, or the path of a tarball of docker save')
    .addOption(name())
    .addOption(json())
    .action(async (imageToLoad: string, options) =>
      (await import('./commands/image-load.ts')).imageLoad(world, imageToLoad, options),
    );
};

const kubectlHelp = `
--name comes before the arguments of kubectl. The help of kubectl: kni-demo kubectl help
The exit code is that of kubectl.`;
