/** Flags that several commands have. */

import {Option} from 'commander';
import {clusterName, defaultCluster, timeSpan, workerCount} from '../cluster/names.ts';
import {UserError} from '../errors.ts';
import {type OwnSource, parseOwnSource} from '../stacks/own-source.ts';
import {backends} from '../stages/context.ts';

export const name = (): Option =>
  new Option('--name <name>', 'name of the cluster').default(defaultCluster.name).argParser(clusterName);

export const lockTimeout = (usual: string): Option =>
  new Option('--lock-timeout <time>', 'how long to wait for another kni-demo, such as 90s or 10m')
    .default(timeSpan(usual), usual)
    .argParser(timeSpan);

/** Without a default: the action asks the cluster. */
export const stack = (): Option =>
  new Option(
    '--stack <stack>',
    "bookworm, upstream or the path of a file (default: the cluster's, or bookworm)",
  );

export const workers = (): Option =>
  new Option('--workers <n>', 'worker nodes beside the control plane')
    .default(defaultCluster.workers)
    .argParser(workerCount);

export const backend = (): Option =>
  new Option('--backend <backend>', "how nodes reach each other's pods (a new cluster: host-gw)").choices(
    backends,
  );

/** Without a default: the task asks the record of the cluster. */
export const cni = (): Option =>
  new Option(
    '--cni <network>',
    "the network for pods: kni, flannel, a file or a URL (default: the cluster's, or kni)",
  );

export const source = (): Option =>
  new Option('--source <component=where>', 'build your own kubernetes or containerd, see kni-demo up --help')
    .default([], 'the sources that the stack pins')
    .argParser(ownSources);

export const noPatch = (): Option =>
  new Option('--no-patch', 'do not apply the patches: your own sources contain KNI already');

export const yes = (): Option =>
  new Option('-y, --yes', 'install missing packages and start the docker engine');

export const quiet = (): Option => new Option('-q, --quiet', 'print plain lines instead of a list');

export const verbose = (): Option =>
  new Option('-v, --verbose', 'print plain lines and the output of all tools');

export const json = (): Option => new Option('--json', 'print one JSON object per line');

const ownSources = (text: string, before: readonly OwnSource[]): readonly OwnSource[] => {
  const ownSource = parseOwnSource(text);
  if (typeof ownSource !== 'string') return [...before, ownSource];
  throw new UserError({
    what: `invalid source: ${JSON.stringify(text)}`,
    why: ownSource,
    tryThis:
      'for example --source kubernetes=https://host/me/kubernetes#my-branch, or --source containerd=../containerd',
    code: 'KNI-E204',
  });
};
