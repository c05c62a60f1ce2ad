/** The commands about pods, and their flags. */

import type {Command} from 'commander';
import {imageReference, podName, podPath} from '../cluster/names.ts';
import {name} from './options.ts';
import type {World} from './world.ts';

export const addPod = (program: Command, world: World): void => {
  const pod = program.command('pod').description('work with pods');
  pod
    .command('create')
    .description('create a pod like the sample pod, and prove that KNI gave it its network')
    .argument('[name]', 'its name', podName, 'samplepod')
    .addOption(name())
    .option('--node <node>', 'run it on this node')
    .option('--image <image>', 'run this image, which must have /bin/ash', imageReference)
    .action(async (podToCreate: string, options) =>
      (await import('./commands/pod-create.ts')).podCreate(world, podToCreate, options),
    );

  pod
    .command('inspect')
    .description("show a pod's network: its record, the kernel's view and a timeline")
    .argument('<pod>', 'name or namespace/name', podPath)
    .addOption(name())
    .option('--check', 'also run CNI CHECK')
    .option('--json', 'print one JSON object')
    .addHelpText('after', inspectHelp)
    .action(async (podToInspect: string, options) =>
      (await import('./commands/pod-inspect.ts')).podInspect(world, podToInspect, options),
    );
};

const inspectHelp = `
A line that begins with ! shows where the record, the kernel and the API server differ.
Exit code 1: the pod could not be inspected, or CNI CHECK found a problem (--check).`;
