/** The commands that run stages, or show what they would do: up, init, build, setup, verify, plan. */

import {type Command, Option} from 'commander';
import {
  backend,
  cni,
  json,
  lockTimeout,
  name,
  noPatch,
  quiet,
  source,
  stack,
  verbose,
  workers,
  yes,
} from './options.ts';
import type {World} from './world.ts';

/** Adds the flags that choose what is built, and with `ofCluster` those of the cluster. */
const withChoices = (command: Command, {ofCluster} = {ofCluster: true}): Command => {
  command.addOption(stack()).addOption(name());
  if (ofCluster) command.addOption(workers()).addOption(backend()).addOption(cni());
  return command.addOption(source()).addOption(noPatch());
};

export const addUp = (program: Command, world: World): void => {
  withChoices(program.command('up'))
    .description('build everything, create the cluster and prove that KNI gave the sample pod its network')
    .option('--dry-run', 'show what up would do, like kni-demo plan, and change nothing')
    .addOption(yes())
    .addOption(quiet())
    .addOption(verbose())
    .addOption(json())
    .addOption(lockTimeout('30m'))
    .addHelpText('after', upHelp)
    .action(async ({dryRun, ...options}) =>
      dryRun
        ? (await import('./commands/plan.ts')).plan(world, options)
        : (await import('./commands/up.ts')).up(world, options),
    );
};

const stages = [
  {
    name: 'init',
    alias: '01-init',
    description: 'run the stages host and init: get and patch the sources, make the image that builds them',
  },
  {
    name: 'build',
    alias: '02-build',
    description: 'run the stages up to build: build the node image',
  },
  {
    name: 'setup',
    alias: '03-setup',
    description: 'run the stages up to setup: create or start the cluster, until its nodes are Ready',
  },
] as const;

export const addStages = (program: Command, world: World): void => {
  for (const stage of stages) {
    withChoices(program.command(stage.name), {ofCluster: stage.name === 'setup'})
      .alias(stage.alias)
      .description(stage.description)
      .addOption(yes())
      .addOption(quiet())
      .addOption(verbose())
      .addOption(json())
      .addOption(lockTimeout('30m'))
      .addHelpText('after', '\nA stage that is complete already is not run again.')
      .action(async (options) => (await import('./commands/stage.ts')).stage(world, stage.name, options));
  }
  program
    .command('verify')
    .description('prove that KNI gave the sample pod its network, on a running cluster')
    .addOption(name())
    .addOption(quiet())
    .addOption(verbose())
    .addOption(json())
    .addHelpText('after', verifyHelp)
    .action(async (options) => (await import('./commands/verify.ts')).verify(world, options));
};

export const addPlan = (program: Command, world: World): void => {
  withChoices(program.command('plan'))
    .description('show every task of up: its stage, its needs, and whether it would run')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['text', 'json', 'mermaid', 'dot'])
        .default('text'),
    )
    .option('--json', 'print one JSON object; same as --format json')
    .addHelpText('after', planHelp)
    .action(async (options) => (await import('./commands/plan.ts')).plan(world, options));
};

const upHelp = `
Stacks:
  bookworm   the releases of Debian 12; needs only a Debian mirror
  upstream   current releases of Kubernetes and containerd; needs a git host and an image registry (preview: its \
parts were run, its downloads were not)
  <path>     your own stack file, like those in manifests/stacks
Without --stack, up uses the stack of the existing cluster. A new cluster gets bookworm.

Networks for pods (--cni): the network runtime calls their CNI plugins
  kni               kni-demo's own
  flannel           up downloads its manifest, and the nodes download its images
  <file>.conflist   your own CNI configuration; {{.PodCIDR}} becomes the podCIDR of each node
  <file>.yaml, URL  the manifest of a CNI that installs itself with a DaemonSet
The pods of a running cluster get new sandboxes: their containers restart.

Your own sources are a git URL or a directory. They must be of the release that the stack uses:
  --source kubernetes=https://host/me/kubernetes#my-branch
  --source containerd=../containerd         the current files, committed or not; up does not write to them
up replaces the kubelet or containerd of a running cluster, and keeps its pods. Without --source, up restores the \
pinned program. The patches of the demo are applied to your sources unless you pass --no-patch.`;

const verifyHelp = `
Neither the nodes nor their programs are changed. The sample pod is created if it is missing or not Ready.`;

const planHelp = `
States: done        the result exists
        would run   up would run the task
        would fail  this machine lacks something that kni-demo cannot install
        unknown     not knowable yet, because docker or the cluster does not answer, or another task would run first
        not needed  no task that would run needs it
plan changes nothing. It needs neither a docker engine nor a cluster, and does not wait for another kni-demo.`;
