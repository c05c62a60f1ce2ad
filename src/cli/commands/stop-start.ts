/** stop and start: the node containers of a cluster. */

import {readRecord, refuseRemovedNodes, requireCluster} from '../../cluster/cluster.ts';
import {startNodes, startRuntimes, waitForNodes} from '../../cluster/start.ts';
import {seconds} from '../../duration.ts';
import {stopContainers} from '../../tools/docker.ts';
import {lineWriter} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges, restoreLocked} from '../interrupted.ts';
import {runLocked} from '../run-locked.ts';
import {runOutput} from '../run-output.ts';
import type {World} from '../world.ts';

export interface StopStartOptions {
  readonly name: string;
  /** Only the network runtime of this node. */
  readonly runtimeOf?: string;
  readonly json?: boolean;
  /** Milliseconds. */
  readonly lockTimeout: number;
}

export const stop = async (world: World, options: StopStartOptions): Promise<void> => {
  const {name, json, lockTimeout, runtimeOf} = options;
  if (runtimeOf !== undefined)
    return (await import('./runtime-of.ts')).stopRuntime(world, runtimeOf, options);
  const {signal} = world;
  const {host, dirs} = hostAndDirs(world);
  const {say, note, record} = runOutput(world, json);
  await runLocked(dirs, {command: 'kni-demo stop', lockTimeout, say: note, signal}, async () => {
    const begun = performance.now();
    const {nodes} = await requireCluster({host, dirs}, name, signal);
    if (nodes.every((node) => node.running)) await restoreLocked(world, {host, dirs}, name);
    else await noteChanges(world, name);
    const running = nodes.filter((node) => node.running).map((node) => node.name);
    if (running.length > 0) await host.run(stopContainers(running), {signal});
    record('result', {
      command: 'stop',
      exitCode: 0,
      cluster: name,
      changed: running.length > 0,
      nodes: running,
    });
    if (running.length === 0) return say(`Cluster ${name} is stopped already.`);
    say(`Cluster ${name} is stopped: ${running.join(', ')}. ${seconds(performance.now() - begun)}`);
  });
};

/** Rejects when the container of a node was removed, or when a node is not Ready again after a few minutes. */
export const start = async (world: World, options: StopStartOptions): Promise<void> => {
  const {name, json, lockTimeout, runtimeOf} = options;
  if (runtimeOf !== undefined)
    return (await import('./runtime-of.ts')).startRuntime(world, runtimeOf, options);
  const {signal, stderr} = world;
  const {host, dirs} = hostAndDirs(world);
  const {say, note, record} = runOutput(world, json);
  await runLocked(dirs, {command: 'kni-demo start', lockTimeout, say: note, signal}, async () => {
    const begun = performance.now();
    const cluster = await requireCluster({host, dirs}, name, signal);
    refuseRemovedNodes(name, await readRecord(dirs, name), cluster.nodes);
    const isStopped = cluster.nodes.some((node) => !node.running);
    const progress = {signal, log: lineWriter(stderr)};
    if (isStopped) await startNodes(host, cluster.nodes, {signal, log: () => undefined});
    await restoreLocked(world, {host, dirs}, name);
    await startRuntimes(cluster, signal);
    await waitForNodes(cluster, progress);
    const nodes = cluster.nodes.map((node) => node.name);
    record('result', {command: 'start', exitCode: 0, cluster: name, changed: isStopped, nodes});
    say(
      `Cluster ${name} ${isStopped ? 'is started' : 'runs already'}: ${cluster.nodes.length} nodes are Ready. ${seconds(performance.now() - begun)}`,
    );
  });
};
