/** The clusters that `down` removes. */

import {forgetCluster, kubeconfigOf, nodesOf} from '../cluster/cluster.ts';
import {isOurs, refuseForeign} from '../cluster/ownership.ts';
import type {NodeContainer} from '../tools/docker.ts';
import {deleteCluster} from '../tools/kind.ts';
import {refuseOtherEngine, refuseUnreachable, withoutEngine} from './other-engine.ts';
import type {Removal, RemovalContext, RemovalOptions} from './removal.ts';

export interface ClusterRemoval extends Removal {
  readonly cluster: string;
}

/** Throws UserError for a cluster of another owner, or in another docker engine. */
export const clusterRemovals = async (
  context: RemovalContext,
  options: RemovalOptions,
): Promise<readonly ClusterRemoval[]> => {
  const {host, dirs} = context;
  const {name, all, purge, signal} = options;
  const nodes = await withoutEngine(nodesOf(host, undefined, signal), undefined);
  if (nodes === undefined) {
    await refuseUnreachable(dirs, options);
    return [];
  }
  if (!all) await refuseForeign(dirs, name, membersOf(name, nodes));
  const names: string[] = [];
  for (const cluster of new Set(nodes.map((node) => node.cluster)))
    if ((all || cluster === name) && (await isOurs(dirs, cluster, membersOf(cluster, nodes))))
      names.push(cluster);
  if (!all || purge) await refuseOtherEngine(context, names, options);
  if (!all && names.length === 0) await forgetCluster(dirs, name);
  return names.map((cluster) => ({
    cluster,
    what: `cluster ${cluster}: ${membersOf(cluster, nodes)
      .map((node) => node.name)
      .join(', ')}`,
    remove: () => removeCluster(context, cluster, signal),
  }));
};

const membersOf = (cluster: string, nodes: readonly NodeContainer[]): readonly NodeContainer[] =>
  nodes.filter((node) => node.cluster === cluster);

export const removeCluster = async (
  {host, dirs}: RemovalContext,
  name: string,
  signal: AbortSignal,
): Promise<void> => {
  await host.run(deleteCluster(name, kubeconfigOf(dirs, name)), {signal});
  await forgetCluster(dirs, name);
};
