/** Formats events for people. */

import type {ChalkInstance} from 'chalk';
import cliTruncate from 'cli-truncate';
import type {ClusterEvent} from '../cluster/events/event.ts';
import {oneLine} from '../view/table.ts';

/** What happened, without the pod, the node and the error: `AttachInterface ok 30 ms`. An unknown kind is shown as it is. */
export const wordsOf = (event: ClusterEvent): string => oneLine(words[event.kind]?.(event) ?? event.kind);

/** The same with the error. */
export const describeEvent = (event: ClusterEvent): string =>
  event.error === undefined ? wordsOf(event) : `${wordsOf(event)}: ${oneLine(event.error)}`;

const inMs = ({ms = 0}: ClusterEvent): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

/** containerd logs the end of a call, with its error or without. */
const call =
  (name: string) =>
  ({error}: ClusterEvent): string =>
    `${name} ${error === undefined ? 'ok' : 'failed'}`;

const words: Readonly<Record<string, (event: ClusterEvent) => string>> = {
  'runtime-started': () => 'runtime started',
  'runtime-stopping': () => 'runtime stops',
  'rpc-began': ({rpc}) => `${rpc} …`,
  'rpc-ended': (event) =>
    event.error === undefined
      ? `${event.rpc} ok ${inMs(event)}`
      : `${event.rpc} failed ${inMs(event)}: ${event.status}`,
  'plugin-began': ({plugin, command}) => `${plugin} ${command} …`,
  'plugin-ended': (event) => {
    const {plugin, command, error} = event;
    return `${plugin} ${command} ${error === undefined ? '' : 'failed '}${inMs(event)}`;
  },
  'netns-created': () => 'netns created',
  'netns-deleted': () => 'netns deleted',
  'address-assigned': ({address, interface: link}) => `${address} on ${link}`,
  'address-released': ({address}) => `${address} released`,
  'route-set': ({to, via}) => `route to ${to} via ${via}`,
  'route-deleted': ({to}) => `route to ${to} deleted`,
  'tunnel-set': ({to, via, interface: link}) =>
    via === undefined ? `${link} created` : `tunnel to ${via} (${to})`,
  'tunnel-deleted': ({to, via, interface: link}) =>
    via === undefined ? `${link} deleted` : `tunnel to ${via} (${to}) deleted`,
  readiness: ({ready, reason}) => (ready ? 'network ready' : `network not ready: ${reason}`),
  'cleanup-began': () => 'cleanup failed, will retry',
  'cleanup-retried': () => 'cleanup failed again',
  'cleanup-pending': () => 'cleanup is pending',
  'cleanup-ended': () => 'cleanup done',
  missed: ({missed}) => `${missed} events missed: the reader was too slow`,
  'pod-added': () => 'SyncLoop ADD',
  'pod-updated': () => 'SyncLoop UPDATE',
  'pod-deleted': () => 'SyncLoop DELETE',
  'pod-removed': () => 'SyncLoop REMOVE',
  'volume-mount': () => 'mount volume',
  'sandbox-starting': () => 'RunPodSandbox …',
  'sandbox-started': call('RunPodSandbox'),
  'sandbox-stopping': () => 'StopPodSandbox …',
  'sandbox-stopped': call('StopPodSandbox'),
  'sandbox-removing': () => 'RemovePodSandbox …',
  'sandbox-removed': call('RemovePodSandbox'),
  'container-creating': () => 'CreateContainer …',
  'container-created': call('CreateContainer'),
  'container-starting': () => 'StartContainer …',
  'container-started': call('StartContainer'),
  'pod-created': () => 'created',
  'pod-scheduled': () => 'Scheduled',
  'pod-ip': ({address}) => `IP ${address}`,
  'pod-ready': () => 'Ready',
  'pod-not-ready': () => 'not Ready',
  'pod-deleting': () => 'Terminating',
  'pod-gone': () => 'gone',
  'source-lost': ({reason}) => `lost ${sourceNames[reason ?? ''] ?? reason}`,
  'source-back': ({reason}) => `reconnected to ${sourceNames[reason ?? ''] ?? reason}`,
};

const sourceNames: Readonly<Record<string, string>> = {
  runtime: 'the network runtime',
  containerd: 'the journal',
  api: 'the API server',
};

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
