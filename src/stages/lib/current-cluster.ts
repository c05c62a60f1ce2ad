/** The cluster's nodes as docker lists them now. */

import {type Cluster, clusterOf, nodesOf} from '../../cluster/cluster.ts';
import type {DemoContext} from '../context.ts';

export const currentCluster = async ({
  host,
  cluster: {name},
}: Pick<DemoContext, 'host' | 'cluster'>): Promise<Cluster> => clusterOf(host, await nodesOf(host, name));
