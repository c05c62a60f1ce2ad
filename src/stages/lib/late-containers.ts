/** After Ctrl-C the engine still creates the containers that kind has asked for. */

import {kubeconfigOf, nodesOf} from '../../cluster/cluster.ts';
import {isOurs} from '../../cluster/ownership.ts';
import {DeadlineExceeded, waitUntil} from '../../host/wait-until.ts';
import {deleteCluster} from '../../tools/kind.ts';
import type {DemoContext} from '../context.ts';

/** kind prints this before it asks for the containers: until then there is nothing to wait for. */
export const asksForContainers = /Preparing nodes/;

/** A limit, because the engine may never have received kind's request. On a busy machine it creates containers seconds later. */
const atMost = 10_000;

/** Waits for the nodes of a cluster that kind was creating when it was cancelled, and removes them. */
export const removeLateContainers = async (
  {host, dirs, cluster: {name, workers}}: Pick<DemoContext, 'host' | 'dirs' | 'cluster'>,
  log: (line: string) => void,
  limit = atMost,
): Promise<void> => {
  // Not the signal of the run, which is aborted already.
  const {signal} = new AbortController();
  const list = (within: AbortSignal) => nodesOf(host, name, within);
  const wait = {what: `the containers of ${name}`, every: 250, atMost: limit, signal};
  await waitUntil(wait, async (probe) => ((await list(probe)).length > workers ? true : undefined)).catch(
    (error: unknown) => {
      if (!(error instanceof DeadlineExceeded)) throw error;
    },
  );
  // docker may hang, which can be why the run was cancelled.
  if (!(await isOurs(dirs, name, await list(AbortSignal.timeout(limit))))) return;
  log('removing the containers of the cancelled run');
  await host.run(deleteCluster(name, kubeconfigOf(dirs, name)), {timeout: 30_000, onLine: log});
};
