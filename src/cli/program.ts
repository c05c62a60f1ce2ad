/** The commands and their flags; each is one call. */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {Command, Option} from 'commander';
import {z} from 'zod';
import {
  clusterName,
  defaultCluster,
  imageReference,
  podName,
  podPath,
  timeSpan,
  workerCount,
} from '../cluster/names.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {readJson} from '../json.ts';
import {project} from '../project.ts';
import {components, type OwnSource, parseOwnSource} from '../stacks/own-source.ts';
import {backends} from '../stages/context.ts';
import {bundleLoad, bundleSave} from './commands/bundle.ts';
import {down} from './commands/down.ts';
import {logs} from './commands/logs.ts';
import {networks} from './commands/networks.ts';
import {patchCheck} from './commands/patch-check.ts';
import {patchRebase} from './commands/patch-rebase.ts';
import {podCreate} from './commands/pod-create.ts';
import {podInspect} from './commands/pod-inspect.ts';
import {up} from './commands/up.ts';
import type {World} from './world.ts';

const manifest = z.object({version: z.string(), description: z.string()});
const {version, description} = readJson(
  manifest,
  readFileSync(join(project.root, 'package.json'), 'utf8'),
  'package.json',
);

export const createProgram = (world: World): Command => {
  const program = new Command('kni-demo')
    .description(description)
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
    })
    .showHelpAfterError('(see kni-demo --help)')
    .addHelpText('after', help);

  program
    .command('up')
    .description('build everything, create the cluster and prove that KNI gave the sample pod its network')
    .addOption(anyStack())
    .addOption(name())
    .option('--workers <n>', 'worker nodes beside the control plane', workerCount, defaultCluster.workers)
    .addOption(backend())
    .addOption(source())
    .option('--no-patch', 'your own sources have KNI already: build them as they are')
    .option('-y, --yes', 'install and start what this machine lacks')
    .option('-q, --quiet', 'plain lines instead of a list')
    .option('--json', 'one JSON object a line')
    .addOption(lockTimeout('30m'))
    .addHelpText('after', upHelp)
    .action((options) => up(world, options));

  const pod = program.command('pod').description('work with pods');
  pod
    .command('create')
    .description('create a pod like the sample pod, and prove that KNI gave it its network')
    .argument('[name]', 'its name', podName, 'samplepod')
    .addOption(name())
    .option('--node <node>', 'run it on this node')
    .option('--image <image>', 'run this image, which must have /bin/ash', imageReference)
    .action((podToCreate: string, options) => podCreate(world, podToCreate, options));

  pod
    .command('inspect')
    .description("show a pod's network: on record, in the kernel, and how it came about")
    .argument('<pod>', 'name or namespace/name', podPath)
    .addOption(name())
    .option('--check', 'also let the CNI plugins check it (CNI CHECK)')
    .option('--json', 'all of it, as one JSON object')
    .addHelpText('after', inspectHelp)
    .action((podToInspect: string, options) => podInspect(world, podToInspect, options));

  program
    .command('networks')
    .description("show every node's networks: ready or why not, and how many addresses are in use")
    .addOption(name())
    .option('--json', 'one JSON object a node')
    .addHelpText('after', networksHelp)
    .action((options) => networks(world, options));

  program
    .command('logs')
    .description("show the network runtimes' logs, one line for every RPC")
    .addOption(name())
    .option('-f, --follow', 'go on as lines come')
    .option('--node <node>', 'of this node only')
    .option('--pod <pod>', 'about this pod only: name or namespace/name')
    .option('--json', 'the lines as the runtime wrote them, with their node')
    .action((options) => logs(world, options));

  const bundle = program
    .command('bundle')
    .description('carry the demo to a machine without a network, in one file');
  bundle
    .command('save')
    .description('build what is missing, and pack the node image, its sources and the tools')
    .argument('<file>', 'to be written, a tarball of about 1 GB')
    .addOption(stack())
    .option('-y, --yes', 'install and start what this machine lacks')
    .option('-q, --quiet', 'plain lines instead of a list')
    .addOption(lockTimeout('0'))
    .action((file: string, options) => bundleSave(world, file, options));
  bundle
    .command('load')
    .description('check such a file and take it over, so that up needs no network')
    .argument('<file>', 'as bundle save has written it')
    .addOption(stack())
    .option('-y, --yes', 'start the engine of the bundle where this machine has none')
    .option('-q, --quiet', 'plain lines instead of a list')
    .addOption(lockTimeout('0'))
    .action((file: string, options) => bundleLoad(world, file, options));

  program
    .command('down')
    .description('delete the cluster, and only what kni-demo made')
    .addOption(name())
    .option('-y, --yes', 'do not ask')
    .option('--all', 'every cluster of ours, and stop the docker engine if we started it')
    .option('--purge', 'also remove images, caches and what was unpacked; implies --all')
    .option(
      '--purge-foreign',
      'also remove what others have in the docker engine that kni-demo brought; implies --purge',
    )
    .addOption(lockTimeout('0'))
    .action((options) => down(world, options));

  const patch = program.command('patch').description('work with the patches of a stack');
  patch
    .command('check')
    .description('check hunk by hunk whether the patches apply to the pinned sources, without a build')
    .addOption(stack())
    .option('--json', 'one JSON object a component')
    .addOption(lockTimeout('0'))
    .addHelpText('after', patchCheckHelp)
    .action((options) => patchCheck(world, options));

  patch
    .command('rebase')
    .description("rebase a component's patches onto another release, and explain the rejected hunks")
    .addOption(stack())
    .addOption(component())
    .requiredOption('--onto <dir>', 'source tree of the other release, which is only read')
    .option('--output <dir>', 'where the new patches go (default: <stack>-<component>-rebased)')
    .addHelpText('after', patchRebaseHelp)
    .action((options) => patchRebase(world, options));

  return program;
};

const anyStack = (): Option => new Option('--stack <stack>', 'what to build, see below');
const stack = (): Option =>
  new Option('--stack <stack>', 'bookworm or upstream, or a stack file of your own').default('bookworm');
const backend = (): Option =>
  new Option('--backend <backend>', "how nodes reach each other's pods (a new cluster: host-gw)").choices(
    backends,
  );
const component = (): Option =>
  new Option('--component <component>', 'whose patches').choices(components).makeOptionMandatory();
const source = (): Option =>
  new Option('--source <component=where>', 'build your own kubernetes or containerd: see below')
    .default([], 'what the stack pins')
    .argParser(ownSources);
const name = (): Option =>
  new Option('--name <name>', 'name of the cluster').default(defaultCluster.name).argParser(clusterName);

const lockTimeout = (usual: string): Option =>
  new Option('--lock-timeout <time>', 'how long to wait for another kni-demo, such as 90s or 10m')
    .default(timeSpan(usual), usual)
    .argParser(timeSpan);

const ownSources = (text: string, before: readonly OwnSource[]): readonly OwnSource[] => {
  const ownSource = parseOwnSource(text);
  if (typeof ownSource !== 'string') return [...before, ownSource];
  throw new UserError({
    what: `invalid source: ${JSON.stringify(text)}`,
    why: ownSource,
    tryThis:
      'for example --source kubernetes=https://host/me/kubernetes#my-branch, or --source containerd=../containerd',
    exitCode: exitCodes.badInput,
  });
};

const upHelp = `
Stacks are upstream: current releases of Kubernetes and containerd, which needs a git host and an image registry;
bookworm: those of Debian 12, which needs a Debian mirror only; or a file like those of manifests/stacks, by its path.
Where none is named it is that of the cluster if there is one, else upstream if both hosts answer, else bookworm.

Sources of your own are a git URL or a directory, of the release that the stack has:
  --source kubernetes=https://host/me/kubernetes#my-branch
  --source containerd=../containerd         as it is at this moment, committed or not; nothing is written to it
The kubelet or containerd built of them replaces that of a running cluster, pods kept; without --source the pinned
one comes back. Where a source has the pinned release's files, the demo's patches fit; --no-patch leaves them out.`;

const inspectHelp = `
A line that begins with ! says where the record, the kernel and the API server differ.
Exit code 1 where the pod could not be inspected, or with --check where the plugins found something wrong.`;

const networksHelp = `
Exit code 1 only where a node could not be asked, because it or its network runtime is stopped; the others are
shown all the same. A network that is not ready is an answer: exit code 0.`;

const patchCheckHelp = `
Needs patch(1). Patches must apply without fuzz; moved lines do not matter. + applies, ! needs fuzz, - fails.
Exit code 1 if a patch does not apply as up would apply it. Downloads sources that are not in the cache.`;

const patchRebaseHelp = `
Needs patch(1) and git. Tries each hunk exactly, then with up to 2 lines of fuzz, then a merge with the pinned source if
that is in the cache. ! marks a hunk to check: it needed fuzz, fits twice, or was merged. Rejected hunks (-) are in *.rej
beside the new patches, and rejected.txt explains them. Exit code 1 if a hunk was rejected.`;

const help = `
Exit codes: 0 everything holds, 1 a task or the proof failed, 2 bad input, 3 this machine lacks something,
4 the cluster's name is taken or it was made from other sources, 5 another kni-demo is at work, 130 cancelled,
141 the reader of the output went away`;
