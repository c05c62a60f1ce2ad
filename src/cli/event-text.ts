/** Formats events for people. */

import type {ChalkInstance} from 'chalk';
import cliTruncate from 'cli-truncate';
import type {ClusterEvent} from '../cluster/events/event.ts';
import {eventWords} from '../cluster/events/event-words.ts';
import {oneLine} from '../view/table.ts';

/** Describes the event without its pod, node and error: `AttachInterface ok 30 ms`. An unknown kind is shown unchanged. */
export const wordsOf = (event: ClusterEvent): string => oneLine(eventWords(event));

/** The same with the error. */
export const describeEvent = (event: ClusterEvent): string =>
  event.error === undefined ? wordsOf(event) : `${wordsOf(event)}: ${oneLine(event.error)}`;

const troubles: ReadonlySet<string> = new Set(['missed', 'source-lost', 'pod-not-ready', 'cleanup-pending']);

export const paintEvent = (event: ClusterEvent, paint: ChalkInstance): ChalkInstance => {
  if (event.error !== undefined) return paint.red;
  if (troubles.has(event.kind) || (event.kind === 'readiness' && !event.ready)) return paint.yellow;
  return event.kind === 'pod-ready' ? paint.green : paint;
};

export interface EventTextOptions {
  readonly paint: ChalkInstance;
  /** Names of all nodes of the cluster. */
  readonly nodes: readonly string[];
  readonly cluster: string;
  /** Columns of the terminal; infinite for a pipe. A narrow terminal breaks the lines itself: cut, they would say nothing. */
  readonly width: number;
  /** Leave out the pod: all events are about one. */
  readonly onePod: boolean;
}

/** The time, the node and the source need 41 columns. */
const leastWidth = 72;

/** `02:31:04.123  worker         runtime     AttachInterface ok 30 ms  default/mypod` */
export const eventText = ({paint, nodes, cluster, width, onePod}: EventTextOptions) => {
  const shortOf = (node = '-'): string =>
    node.startsWith(`${cluster}-`) ? node.slice(cluster.length + 1) : node;
  const column = Math.max(...nodes.map((node) => shortOf(node).length));
  const colours = [paint.cyan, paint.magenta, paint.blue, paint.green];
  return (event: ClusterEvent): string => {
    const {time, node = '', source, pod} = event;
    const colour = colours[nodes.indexOf(node) % colours.length] ?? paint;
    const line = [
      paint.dim(time.slice(11, 23)),
      colour(shortOf(event.node).padEnd(column)),
      paint.dim(source.padEnd(10)),
      [paintEvent(event, paint)(describeEvent(event)), ...(pod === undefined || onePod ? [] : [pod])].join(
        '  ',
      ),
    ].join('  ');
    return Number.isFinite(width) && width >= leastWidth ? cliTruncate(line, width) : line;
  };
};
