/** dashboard: serves a page that shows a cluster, until Ctrl-C. */

import {setMaxListeners} from 'node:events';
import {nameFlag, requireCluster} from '../../cluster/cluster.ts';
import {startLive} from '../../dashboard/live.ts';
import {drillNames} from '../../drills/names.ts';
import {exitCodes} from '../../exit-codes.ts';
import {project} from '../../project.ts';
import {lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {noteChanges} from '../interrupted.ts';
import {SilentExit} from '../report.ts';
import {builtPage, show} from '../show-page.ts';
import type {World} from '../world.ts';

export interface DashboardOptions {
  readonly name: string;
  readonly port?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly readOnly?: boolean;
  readonly record?: string;
  readonly open: boolean;
  readonly json?: boolean;
}

const usualPast = 10 * 60_000;

/** Throws SilentExit when the recording is incomplete, after the dashboard has ended. */
export const dashboard = async (world: World, options: DashboardOptions): Promise<void> => {
  const {name, port = 0, readOnly = false, record, since = Date.now() - usualPast} = options;
  const {signal, stderr} = world;
  const place = hostAndDirs(world);
  const cluster = await requireCluster(place, name, signal);
  await noteChanges(world, name);
  const warn = lineWriter(stderr);
  const paint = paletteOf(stderr);
  for (const each of cluster.nodes.filter(({running}) => !running))
    warn(paint.yellow(`! ${each.name} is stopped; start it: kni-demo start${nameFlag(name)}`));
  let isIncomplete = false;
  const failing = new AbortController();
  const ending = AbortSignal.any([signal, failing.signal]);
  setMaxListeners(0, ending);
  const live = await startLive({
    place,
    cluster: name,
    port,
    page: await builtPage(),
    isReadOnly: readOnly,
    drills: drillNames,
    kniDemo: [process.execPath, [project.program]],
    since,
    record,
    onRecordingLost: (why) => {
      isIncomplete = true;
      warn(paint.red(`! the recording has ended, the dashboard goes on: ${why}`));
    },
    signal: ending,
  });
  try {
    await show(world, {title: `Dashboard of cluster ${name}`, url: live.url, record, ...options});
    await live.ended;
  } finally {
    failing.abort();
    await live.ended;
  }
  if (isIncomplete) throw new SilentExit(exitCodes.failed);
};
