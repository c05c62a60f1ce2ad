/** Waits for the nodes. A node is Ready when its network runtime answers QueryNodeNetworks. */

import {readNetwork} from '../../cluster/network-record.ts';
import {nodeReadiness} from '../../cluster/readiness.ts';
import {areAllReady, startRuntimes, waitForNodes} from '../../cluster/start.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {withWaitingInstallers} from '../lib/waiting-installers.ts';
import {cluster} from './cluster.ts';
import {network} from './network.ts';
import {programsId} from './programs.ts';
import {runtimeFlags} from './runtime-flags.ts';

export const nodesReady: DemoTask = {
  id: 'setup/nodes-ready',
  title: 'Wait until all nodes are Ready',
  // These restart the network runtimes, so nodes can become NotReady again.
  needs: [cluster.id, programsId, runtimeFlags.id, network.id],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const readiness = await nodeReadiness(controlPlane, signal);
    return areAllReady(readiness, nodes.length) ? `${readiness.length} nodes Ready` : undefined;
  },
  async run(context, {signal, log}) {
    const found = await currentCluster(context);
    await startRuntimes(found, signal);
    try {
      await waitForNodes(found, {signal, log});
    } catch (error) {
      const {name} = context.cluster;
      const record = await readNetwork(context.dirs, name);
      if (signal.aborted || record.network === undefined) throw error;
      const {controlPlane} = found;
      throw await withWaitingInstallers(error, {controlPlane, name}, record.network);
    }
  },
};
