/** The commands about pods, and their flags. */

import {type Command, Option} from 'commander';
import {imageReference, networkSelection, podName, podPath, replicaCount} from '../cluster/names.ts';
import {json, name} from './options.ts';
import type {World} from './world.ts';

export const addPod = (program: Command, world: World): void => {
  const pod = program.command('pod').description('work with pods');
  pod
    .command('create')
    .description('create a pod like the sample pod, and prove that KNI gave it its network')
    .argument('[name]', 'its name (default: samplepod)', podName)
    .addOption(name())
    .option('--node <node>', 'run it on this node')
    .option('--image <image>', 'run this image, which must have /bin/ash', imageReference)
    .option('--replicas <n>', 'create this many pods: NAME-1, NAME-2, …', replicaCount)
    .addOption(
      new Option('--network <network>', 'attach this network, too; may be repeated')
        .default([], 'none')
        .argParser(networks),
    )
    .option('--watch', 'show what happens until the pods are Ready')
    .option('-f, --filename <file>', 'create the pods of this manifest instead; - reads standard input')
    .addOption(json())
    .addHelpText('after', createHelp)
    .action(async (podToCreate: string | undefined, options) =>
      (await import('./commands/pod-create.ts')).podCreate(world, podToCreate, options),
    );

  pod
    .command('list')
    .description('show the pods of all namespaces with their nodes and addresses')
    .addOption(name())
    .option('--json', 'print one JSON array')
    .action(async (options) => (await import('./commands/pod-list.ts')).podList(world, options));

  pod
    .command('delete')
    .description('delete pods, and wait until they are gone')
    .argument('<pods...>', 'names, or namespace/name', podPaths)
    .addOption(name())
    .addOption(json())
    .action(async (podsToDelete: readonly string[], options) =>
      (await import('./commands/pod-delete.ts')).podDelete(world, podsToDelete, options),
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

const networks = (text: string, before: readonly string[]): readonly string[] => [
  ...before,
  networkSelection(text),
];

const podPaths = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  podPath(text),
];

const createHelp = `
A network is a NetworkAttachmentDefinition: NAME, NAMESPACE/NAME, or either with @INTERFACE. See docs/multi-network.md.
An image that only docker has must be copied into the nodes first: kni-demo image load IMAGE`;

const inspectHelp = `
A line that begins with ! shows where the record, the kernel and the API server differ.
Exit code 1: the pod could not be inspected, or CNI CHECK found a problem (--check).`;
