/** Starts the nodes of a cluster, and waits until the cluster works again. */

import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';
import {DeadlineExceeded, waitUntil} from '../host/wait-until.ts';
import {type NodeContainer, startContainers} from '../tools/docker.ts';
import {type Cluster, clusterOf} from './cluster.ts';
import {nodeReadiness, nodeStartTimes, waitForReports} from './readiness.ts';

interface Progress {
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Resolves when every kubelet has reported to the API server again. */
export const startNodes = async (
  host: Host,
  nodes: readonly NodeContainer[],
  {signal, log}: Progress,
): Promise<void> => {
  await host.run(startContainers(nodes.map(({name}) => name)), {signal, onLine: log});
  await waitForReports(clusterOf(host, nodes), await nodeStartTimes(host, nodes, signal), signal);
};

/** Starts network runtimes that were stopped. A node that is still booting starts its own. Does not wait. */
export const startRuntimes = async (
  {nodes, node}: Pick<Cluster, 'nodes' | 'node'>,
  signal: AbortSignal,
): Promise<void> => {
  const start = async (name: string): Promise<void> => {
    try {
      await node(name).run(['systemctl', ['--no-block', 'start', 'kni']], {signal, timeout: 20_000});
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof CommandError)) throw error;
    }
  };
  await Promise.all(nodes.map(({name}) => start(name)));
};

/** Throws UserError when a node is not Ready after 3 minutes. */
export const waitForNodes = async (
  {controlPlane, nodes}: Pick<Cluster, 'controlPlane' | 'nodes'>,
  {signal, log}: Progress,
): Promise<void> => {
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
      return areAllReady(readiness, nodes.length) || undefined;
    });
  } catch (error) {
    if (!(error instanceof DeadlineExceeded)) throw error;
    const tryThis = `read the node's log: docker exec ${nodes[0]?.name} journalctl -u kni -u kubelet --no-pager`;
    throw new UserError({what: error.message, why: lastStatus, tryThis, code: 'KNI-E103'}, {cause: error});
  }
};

export const areAllReady = (readiness: readonly {readonly ready: boolean}[], nodes: number): boolean =>
  readiness.length === nodes && readiness.every(({ready}) => ready);
