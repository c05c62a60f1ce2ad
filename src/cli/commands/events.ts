/** events: prints what the network runtimes, kubelets and containerds of a cluster do, in the order of time. */

import {nameFlag, requireCluster, requireRunning} from '../../cluster/cluster.ts';
import {readEvents} from '../../cluster/events/read-events.ts';
import {eventSelector} from '../../cluster/events/select-events.ts';
import {exitCodes} from '../../exit-codes.ts';
import {isTerminal, lineWriter, paletteOf} from '../../view/stream.ts';
import {hostAndDirs} from '../context.ts';
import {eventText} from '../event-text.ts';
import {SilentExit} from '../report.ts';
import type {World} from '../world.ts';

export interface EventsOptions {
  readonly name: string;
  readonly follow?: boolean;
  readonly node?: string;
  readonly pod?: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const usualPast = 10 * 60_000;

/** Throws SilentExit when a source could not be read, after showing the others. */
export const events = async (world: World, options: EventsOptions): Promise<void> => {
  const {name, follow = false, node, json = false, since = Date.now() - usualPast} = options;
  const {signal, stdout, stderr} = world;
  const pod = options.pod === undefined || options.pod.includes('/') ? options.pod : `default/${options.pod}`;
  const cluster = await requireCluster(hostAndDirs(world), name, signal);
  if (node !== undefined) cluster.node(node); // throws when the node is unknown
  const asked = cluster.nodes.filter((each) => node === undefined || each.name === node);
  if (!follow) requireRunning(name, asked);
  const stopped = asked.filter(({running}) => !running);
  const paint = paletteOf(stderr);
  for (const each of stopped)
    lineWriter(stderr)(paint.yellow(`! ${each.name} is stopped; start it: kni-demo start${nameFlag(name)}`));

  const write = lineWriter(stdout);
  const format = eventText({
    paint: paletteOf(stdout),
    nodes: cluster.nodes.map((each) => each.name),
    cluster: name,
    width: isTerminal(stdout) ? stdout.columns : Infinity,
    onePod: pod !== undefined,
  });
  const selects = eventSelector({pod, node, all: json || (options.all ?? false)});
  let shown = 0;
  let failures = 0;
  const nodes = asked.map((each) => each.name);
  for await (const event of readEvents(cluster, {nodes, since, follow, signal})) {
    if (event.kind === 'source-lost') failures += 1;
    if (!selects(event)) continue;
    write(json ? JSON.stringify(event) : format(event));
    shown += 1;
  }
  if (follow || signal.aborted) return;
  if (failures > 0) throw new SilentExit(exitCodes.failed);
  if (shown === 0) lineWriter(stderr)(noEvents(pod, options.since !== undefined));
};

const noEvents = (pod: string | undefined, hasSince: boolean): string => {
  const about = pod === undefined ? '' : ` about pod ${pod}`;
  return `no event${about} ${hasSince ? 'in this time' : 'in the last 10 minutes; see further back: --since 1h'}`;
};
