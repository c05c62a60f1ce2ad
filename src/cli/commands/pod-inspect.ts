/** pod inspect: what a pod's network is, by record and kernel, and how it came about. */

import {requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {inspectPodOf} from '../../cluster/pod-inspection.ts';
import {podInspectionText} from '../../view/pod-inspection-text.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {surroundings} from '../context.ts';
import type {World} from '../world.ts';

export interface PodInspectOptions {
  readonly name: string;
  readonly json?: boolean;
}

export const podInspect = async (
  world: World,
  pod: string,
  {name, json = false}: PodInspectOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const {host} = surroundings(world);
  const cluster = await requireCluster(host, name, signal);
  requireRunning(name, cluster.nodes);
  const inspection = await inspectPodOf(cluster, pod.includes('/') ? pod : `default/${pod}`, signal);
  const write = lineWriter(stdout);
  if (json) return write(JSON.stringify(inspection));
  for (const line of podInspectionText(inspection, paletteOf(stdout))) write(line);
};
