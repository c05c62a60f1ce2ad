/** pod list: shows the pods of all namespaces with their nodes and addresses. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {podsIn} from '../../cluster/pod.ts';
import {podTable} from '../../status/text.ts';
import {getJson} from '../../tools/kubectl.ts';
import {isTerminal, lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import type {World} from '../world.ts';

export interface PodListOptions {
  readonly name: string;
  readonly json?: boolean;
}

export const podList = async (world: World, {name, json = false}: PodListOptions): Promise<void> => {
  const {signal, stdout} = world;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  await noteChanges(world, name);
  requireRunning(
    name,
    cluster.nodes.filter(({role}) => role === 'control-plane'),
  );
  const printed = await cluster.controlPlane.run(getJson('pods', '--all-namespaces'), {signal});
  const pods = podsIn(printed.stdout);
  const write = lineWriter(stdout);
  if (json) return write(JSON.stringify(pods));
  const width = isTerminal(stdout) ? stdout.columns : Infinity;
  for (const line of podTable(pods, {cluster: name, paint: paletteOf(stdout), width})) write(line);
};
