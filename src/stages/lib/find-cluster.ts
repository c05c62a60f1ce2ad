/** Finds the cluster of a run, and refuses a cluster that `up` must not change. */

import {nodesOf, readRecord, refuseRemovedNodes} from '../../cluster/cluster.ts';
import {defaultCluster} from '../../cluster/names.ts';
import {refuseForeign} from '../../cluster/ownership.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import {quoteCommand} from '../../host/quote.ts';
import {defaultStack} from '../../stacks/default-stack.ts';
import type {NodeContainer} from '../../tools/docker.ts';
import {nodeImage} from '../build/node-image.ts';
import {systemTag} from '../build/node-system-image.ts';
import type {DemoContext, PlannedNodes} from '../context.ts';
import {imageOf} from './products.ts';

export interface FoundCluster {
  /** Includes stopped nodes; empty if the cluster does not exist. */
  readonly nodes: readonly NodeContainer[];
  /** Whether kind finished creating it. A cancelled run leaves an incomplete cluster. */
  readonly complete: boolean;
}

/** Throws UserError (exit code `conflict`) for a cluster of another owner, or one with other nodes. */
export const findCluster = async (context: DemoContext, signal: AbortSignal): Promise<FoundCluster> => {
  const {host, dirs, plannedNodes} = context;
  const {name, workers} = context.cluster;
  const nodes = await nodesOf(host, name, signal);
  await refuseForeign(dirs, name, nodes);
  const record = await readRecord(dirs, name);
  const complete = nodes.length > 0 && record?.phase !== 'creating';
  if (complete) {
    refuseRemovedNodes(name, record, nodes);
    const again = {name, up: quoteCommand(['kni-demo', ['up', ...flagsOf(context)]])};
    // Not only before the run: until then the docker engine may have been stopped.
    if (plannedNodes !== undefined) refuseOtherImage(nodes, plannedNodes, again);
    refuseOtherWorkers(workers, nodes, again);
  }
  return {nodes, complete};
};

/** The image and the system tag of the nodes that a plan builds. */
export const plannedNodesOf = (plan: Pick<TaskRun, 'fingerprintOf'>): PlannedNodes => ({
  image: imageOf(nodeImage.id, plan),
  system: systemTag(plan),
});

/** The flags of the `up` that is refused, to repeat them. */
const flagsOf = ({cluster, stack, stackFile, repeatedFlags = []}: DemoContext): readonly string[] => {
  const {name, workers, backend} = cluster;
  const chosen = stackFile ?? stack.name;
  return [
    '--name',
    name,
    ...(workers === defaultCluster.workers ? [] : ['--workers', `${workers}`]),
    ...(backend === undefined ? [] : ['--backend', backend]),
    ...(chosen === defaultStack ? [] : ['--stack', chosen]),
    ...repeatedFlags,
  ];
};

interface Again {
  readonly name: string;
  /** `kni-demo up` with these flags. */
  readonly up: string;
}

const refuseOtherWorkers = (workers: number, nodes: readonly NodeContainer[], again: Again): void => {
  const found = nodes.filter(({role}) => role === 'worker').length;
  if (found !== workers) throw conflict(again, `it has ${found} workers, not ${workers}`);
};

/** The task setup/programs replaces the network runtime, so only the rest of the node image must be the same. */
const refuseOtherImage = (nodes: readonly NodeContainer[], planned: PlannedNodes, again: Again): void => {
  const other = nodes.find(({image, system}) => image !== planned.image && system !== planned.system);
  if (other)
    throw conflict(again, `${other.name} runs ${other.image}; the current sources build ${planned.image}`);
};

/** A cluster is replaced only when the user asks for it. */
const conflict = ({name, up}: Again, why: string): UserError =>
  new UserError({
    what: `cluster ${name} exists with other parameters`,
    why,
    tryThis: `replace it: kni-demo down --name ${name} && ${up}; or choose another --name`,
    code: 'KNI-E402',
  });
