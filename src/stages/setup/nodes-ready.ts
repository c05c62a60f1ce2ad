/** Waits for the nodes. A node is Ready when its network runtime answers QueryNodeNetworks. */

import {nodeReadiness} from '../../cluster/readiness.ts';
import {UserError} from '../../errors.ts';
import {DeadlineExceeded, waitUntil} from '../../host/wait-until.ts';
import type {DemoTask} from '../context.ts';
import {currentCluster} from '../lib/current-cluster.ts';
import {cluster} from './cluster.ts';
import {programsId} from './programs.ts';
import {runtimeFlags} from './runtime-flags.ts';

export const nodesReady: DemoTask = {
  id: 'setup/nodes-ready',
  title: 'Wait until all nodes are Ready',
  // Both restart the network runtimes, so nodes can become NotReady again.
  needs: [cluster.id, programsId, runtimeFlags.id],
  live: true,
  async done(context, {signal}) {
    const {controlPlane, nodes} = await currentCluster(context);
    const readiness = await nodeReadiness(controlPlane, signal);
    return allReady(readiness, nodes.length) ? `${readiness.length} nodes Ready` : undefined;
  },
  async run(context, {signal, log}) {
    const {controlPlane, nodes} = await currentCluster(context);
    let lastStatus = '';
    const wait = {what: 'all nodes to be Ready', every: 500, atMost: 180_000, signal};
    try {
      await waitUntil(wait, async (polling) => {
        const readiness = await nodeReadiness(controlPlane, polling);
        const waiting = readiness.find(({ready}) => !ready);
        const status = waiting
          ? `${waiting.name}: ${waiting.message}`
          : `${readiness.length} of ${nodes.length} nodes`;
        if (status !== lastStatus) log(status);
        lastStatus = status;
        return allReady(readiness, nodes.length) || undefined;
      });
    } catch (error) {
      if (!(error instanceof DeadlineExceeded)) throw error;
      const tryThis = `read the node's log: docker exec ${nodes[0]?.name} journalctl -u kni -u kubelet --no-pager`;
      throw new UserError({what: error.message, why: lastStatus, tryThis, code: 'KNI-E103'}, {cause: error});
    }
  },
};

const allReady = (readiness: readonly {readonly ready: boolean}[], nodes: number): boolean =>
  readiness.length === nodes && readiness.every(({ready}) => ready);
