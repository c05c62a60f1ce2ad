/** pod inspect: shows the record of a pod's network, the kernel's view of it, and a timeline. */

import {requireCluster} from '../../cluster/cluster.ts';
import {inspectionJson, inspectPod} from '../../cluster/pod-inspection.ts';
import {exitCodes} from '../../exit-codes.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import {podInspectionText} from '../pod-inspection-text.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface PodInspectOptions {
  readonly name: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

/** Throws SilentExit when CNI CHECK was requested and found a problem, or could not run. */
export const podInspect = async (
  world: World,
  pod: string,
  {name, check = false, json = false}: PodInspectOptions,
): Promise<void> => {
  const {signal, stdout} = world;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  await noteChanges(world, name);
  const wanted = pod.includes('/') ? pod : `default/${pod}`;
  const inspection = await inspectPod(cluster, wanted, {name, check, signal});
  const write = lineWriter(stdout);
  if (json) write(JSON.stringify(inspectionJson(inspection)));
  else for (const line of podInspectionText(inspection, paletteOf(stdout))) write(line);
  if (check && inspection.record.problems?.length !== 0) throw new SilentExit(exitCodes.failed);
};
