/** Looks for the cluster that a run is about, and refuses one that `up` must not touch. */

import {nodesOf, readRecord, recreateHint, removedNodes} from '../../cluster/cluster.ts';
import {refuseForeign} from '../../cluster/ownership.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Running} from '../../graph/task.ts';
import type {NodeContainer} from '../../tools/docker.ts';
import {nodeImage} from '../build/node-image.ts';
import {systemTag} from '../build/node-system-image.ts';
import type {DemoContext} from '../context.ts';
import {imageOf} from './products.ts';

export interface FoundCluster {
  /** Running or not; empty if the cluster does not exist. */
  readonly nodes: readonly NodeContainer[];
  /** Whether kind finished creating it. A cancelled run leaves an incomplete cluster. */
  readonly complete: boolean;
}

/** Throws UserError (exit code `conflict`) for a cluster of another owner, or one with missing or additional nodes. */
export const findCluster = async (
  {host, dirs, cluster: {name, workers}}: DemoContext,
  signal: AbortSignal,
): Promise<FoundCluster> => {
  const nodes = await nodesOf(host, name, signal);
  await refuseForeign(dirs, name, nodes);
  const record = await readRecord(dirs, name);
  const complete = nodes.length > 0 && record?.phase !== 'creating';
  if (complete) {
    refuseRemovedNodes(name, removedNodes(name, record, nodes));
    refuseOtherWorkers(name, workers, nodes);
  }
  return {nodes, complete};
};

/** Throws the errors of `findCluster`, and one for a cluster of another node image, before anything is built. */
export const refuseConflict = async (
  context: DemoContext,
  plan: Pick<Running, 'fingerprintOf' | 'signal'>,
): Promise<void> => {
  const {nodes, complete} = await findCluster(context, plan.signal);
  if (complete) refuseOtherImage(context.cluster.name, nodes, plan);
};

/** kind cannot add a node to a cluster, and kubeadm's API server expects the old one. */
const refuseRemovedNodes = (name: string, removed: readonly string[]): void => {
  if (removed.length === 0) return;
  throw new UserError({
    what: `cluster ${name} is incomplete`,
    why: `the container of ${removed.join(', ')} was removed`,
    tryThis: recreateHint(name),
    exitCode: exitCodes.conflict,
  });
};

const refuseOtherWorkers = (name: string, workers: number, nodes: readonly NodeContainer[]): void => {
  const found = nodes.filter(({role}) => role === 'worker').length;
  if (found !== workers) throw conflict(name, `it has ${found} workers, not ${workers}`);
};

/** The task setup/programs replaces the network runtime, so only the rest of the node image must be the same. */
const refuseOtherImage = (
  name: string,
  nodes: readonly NodeContainer[],
  plan: Pick<Running, 'fingerprintOf'>,
): void => {
  const wanted = imageOf(nodeImage.id, plan);
  const other = nodes.find(({image, system}) => image !== wanted && system !== systemTag(plan));
  if (other) throw conflict(name, `${other.name} runs ${other.image}; the current sources build ${wanted}`);
};

/** A cluster is replaced only when the user asks for it. */
const conflict = (name: string, why: string): UserError =>
  new UserError({
    what: `cluster ${name} exists with other parameters`,
    why,
    tryThis: `replace it: kni-demo down --name ${name} && kni-demo up --name ${name}; or choose another --name`,
    exitCode: exitCodes.conflict,
  });
