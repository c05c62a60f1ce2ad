/** pod inspect: what is on record of a pod's network, what the kernel has, and how it came about. */

import {requireCluster} from '../../cluster/cluster.ts';
import {stateOf} from '../../cluster/pod.ts';
import {inspectPod, type PodInspection} from '../../cluster/pod-inspection.ts';
import {exitCodes} from '../../exit-codes.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {podInspectionText} from '../pod-inspection-text.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface PodInspectOptions {
  readonly name: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Throws SilentExit where CNI CHECK was asked for and did not find all well. */
export const podInspect = async (
  world: World,
  pod: string,
  {name, check = false, json = false}: PodInspectOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  const wanted = pod.includes('/') ? pod : `default/${pod}`;
  const inspection = await inspectPod(cluster, wanted, {name, check, signal});
  const write = lineWriter(stdout);
  if (json) write(JSON.stringify(jsonOf(inspection)));
  else for (const line of podInspectionText(inspection, paletteOf(stdout))) write(line);
  if (check && inspection.record.problems?.length !== 0) throw new SilentExit(exitCodes.failed);
};

/** The members that earlier versions printed of a pod. */
const jsonOf = ({pod, ...rest}: PodInspection): object => {
  const {namespace, name, uid, node, ips} = pod;
  return {pod: {namespace, name, uid, node, ips, state: stateOf(pod)}, ...rest};
};
