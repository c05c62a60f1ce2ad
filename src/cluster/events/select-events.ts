/** Selects the events that people want to see. */

import {inspectingCalls} from '../log-selection.ts';
import type {ClusterEvent} from './event.ts';
import {minorKinds} from './event-words.ts';

export interface EventSelection {
  /** `<namespace>/<name>` */
  readonly pod?: string | undefined;
  /** The API server also tells of pods on other nodes. */
  readonly node?: string | undefined;
  /** Also the beginnings of calls, calls that repeat or only inspect, and updates. */
  readonly all: boolean;
}

const inspecting: ReadonlySet<string> = new Set(inspectingCalls);
/** Repeated for one sandbox: of equal ones only the first is shown. */
const repeating: ReadonlySet<string> = new Set(['QueryPodNetwork', 'DetachInterface', 'DeleteNetwork']);
const repeatingKinds: ReadonlySet<string> = new Set(['volume-mount', 'sandbox-stopped', 'sandbox-removed']);
/** Sandboxes whose repeated events are remembered. */
const remembered = 1_000;

/** Events of the sources themselves are always selected: without them, missing events would look like silence. */
export const eventSelector = ({pod, node: only, all}: EventSelection): ((event: ClusterEvent) => boolean) => {
  const seen = new Set<string>();
  const isRepeated = ({node, rpc = '', kind, sandbox, netns, uid, status}: ClusterEvent): boolean => {
    if (!(repeatingKinds.has(kind) || (kind === 'rpc-ended' && repeating.has(rpc)))) return false;
    const key = [node, kind, rpc, sandbox ?? netns ?? uid, status].join(' ');
    if (seen.has(key)) return true;
    seen.add(key);
    const [oldest] = seen;
    if (seen.size > remembered && oldest !== undefined) seen.delete(oldest);
    return false;
  };
  return (event) => {
    if (event.source === 'kni-demo' || event.kind === 'missed') return true;
    if (pod !== undefined && event.pod !== pod) return false;
    if (only !== undefined && event.node !== undefined && event.node !== only) return false;
    if (all) return true;
    return !(
      event.routine ||
      minorKinds.has(event.kind) ||
      inspecting.has(event.rpc ?? '') ||
      isRepeated(event)
    );
  };
};

/** For a drawing of pods that start: the calls of the kubelet with their beginnings, each once unless it has failed. */
export const lifeSelector = (pods: readonly string[]): ((event: ClusterEvent) => boolean) => {
  const selects = eventSelector({all: false});
  const begun = new Map<string, number | undefined>();
  return (event) => {
    const {source, kind, pod = '', rpc = '', call, error} = event;
    if (source === 'kni-demo') return true;
    if (!pods.includes(pod) || event.routine || inspecting.has(rpc)) return false;
    const key = `${pod} ${rpc}`;
    if (kind === 'rpc-began') {
      if (begun.has(key)) return false;
      begun.set(key, call);
      return true;
    }
    if (kind !== 'rpc-ended') return selects(event);
    const isShown = begun.get(key) === call || error !== undefined;
    if (error !== undefined) begun.delete(key);
    return isShown;
  };
};
