/** Says in a few words what happened in an event. The command line and the dashboard's page use it. */

import {ownValue} from '../../own-value.ts';
import type {ClusterEvent} from './event.ts';

/**
 * Without the pod, the node and the error: `AttachInterface ok 30 ms`. An unknown kind is shown unchanged. Names from foreign programs
 * may contain control characters: a terminal needs `oneLine`.
 */
export const eventWords = (event: ClusterEvent): string => ownValue(words, event.kind)?.(event) ?? event.kind;

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
  'source-lost': ({reason}) => `lost ${ownValue(sourceNames, reason ?? '') ?? reason}`,
  'source-back': ({reason}) => `reconnected to ${ownValue(sourceNames, reason ?? '') ?? reason}`,
};

const sourceNames: Readonly<Record<string, string>> = {
  runtime: 'the network runtime',
  containerd: 'the journal',
  api: 'the API server',
};

/** Beginnings of calls, and updates: people see them only when they ask for everything. */
export const minorKinds: ReadonlySet<string> = new Set([
  'rpc-began',
  'plugin-began',
  'pod-updated',
  'container-creating',
  'container-starting',
  'sandbox-stopping',
  'sandbox-removing',
]);
