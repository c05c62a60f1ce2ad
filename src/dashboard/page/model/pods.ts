/** The pods as events and snapshots describe them. Events come at once; snapshots correct them. Pure. */

import type {ClusterEvent} from '../../../cluster/events/event.ts';
import type {PodSnapshot} from '../../feed.ts';

export interface PodView extends PodSnapshot {
  /** `<namespace>/<name>` */
  readonly path: string;
  /** Microseconds since the epoch: when this page learned of it; 0 for pods of the first snapshot. */
  readonly added: number;
  /** Undefined while it exists. */
  readonly removed: number | undefined;
  /** Why the last attempt to start it failed; undefined once an attempt succeeds. */
  readonly failure: string | undefined;
}

export type Pods = ReadonlyMap<string, PodView>;

/** Microseconds that a removed pod stays visible. */
export const removalShown = 5_000_000;
/** A snapshot may be that much older than an event: microseconds. */
const snapshotAge = 4_000_000;

const newPod = (path: string, event: ClusterEvent, at: number): PodView => {
  const [namespace = '', name = path] = path.split('/');
  return {
    path,
    namespace,
    name,
    uid: event.uid ?? '',
    node: event.node,
    phase: 'Pending',
    ready: false,
    deleting: false,
    hostNetwork: false,
    ips: [],
    interfaces: [],
    hostPorts: [],
    added: at,
    removed: undefined,
    failure: undefined,
  };
};

/** Kinds that only a pod that exists, or begins to, can have. */
const births: ReadonlySet<string> = new Set(['pod-created', 'rpc-began', 'address-assigned']);

/** The pod of the event after it; undefined if the event does not change it. */
export const podAfter = (pods: Pods, event: ClusterEvent, at: number): PodView | undefined => {
  const {pod: path, kind, routine, rpc} = event;
  if (path === undefined || routine) return undefined;
  const before = pods.get(path);
  const isOfAnother =
    before !== undefined && before.uid !== '' && event.uid !== undefined && before.uid !== event.uid;
  if (isOfAnother && kind !== 'pod-created') return undefined;
  const isKnown = before !== undefined && before.removed === undefined && !isOfAnother;
  const isBirth = births.has(kind) && (kind !== 'rpc-began' || rpc === 'CreateNetwork');
  if (!isKnown && !isBirth) return undefined;
  const pod = isKnown ? before : newPod(path, event, at);
  const changed = podWithEvent(pod, event, at);
  return changed === before ? undefined : changed;
};

const podWithEvent = (pod: PodView, event: ClusterEvent, at: number): PodView => {
  const failure = failureAfter(pod, event);
  const changed = podWithFacts(pod, event, at);
  return failure === changed.failure ? changed : {...changed, failure};
};

/** As in the life of the pod. */
const failureAfter = ({ready, deleting, failure}: PodView, {kind, rpc, error}: ClusterEvent) => {
  if (kind === 'pod-ready') return undefined;
  if (error !== undefined) return ready || deleting ? failure : error;
  return kind === 'rpc-ended' && rpc === 'AttachInterface' ? undefined : failure;
};

const podWithFacts = (pod: PodView, event: ClusterEvent, at: number): PodView => {
  const {kind, address, node, sandbox, interface: name = 'eth0', network} = event;
  switch (kind) {
    case 'pod-scheduled':
      return {...pod, node: node ?? pod.node};
    case 'sandbox-started':
      return {...pod, sandbox: sandbox ?? pod.sandbox};
    case 'address-assigned': {
      const others = pod.interfaces.filter((each) => each.name !== name);
      const addresses = address === undefined ? [] : [address];
      const same = pod.interfaces.find((each) => each.name === name);
      if (same?.addresses.includes(address ?? '')) return pod;
      return {...pod, node: node ?? pod.node, interfaces: [...others, {name, network, addresses}]};
    }
    case 'address-released':
      return {...pod, interfaces: pod.interfaces.filter((each) => each.name !== name)};
    case 'pod-ip':
      return address === undefined || pod.ips.includes(address) ? pod : {...pod, ips: [...pod.ips, address]};
    case 'pod-ready':
      return {...pod, ready: true, phase: 'Running', reason: undefined};
    case 'pod-not-ready':
      return {...pod, ready: false};
    case 'pod-deleting':
      return {...pod, deleting: true};
    case 'pod-gone':
      return {...pod, removed: at};
    default:
      return pod;
  }
};

export const podsWithSnapshot = (
  pods: Pods,
  snapshot: readonly PodSnapshot[],
  at: number,
  isFirst: boolean,
): Map<string, PodView> => {
  const next = new Map<string, PodView>();
  for (const each of snapshot) {
    const path = `${each.namespace}/${each.name}`;
    const before = pods.get(path);
    const isSame = before !== undefined && (before.uid === '' || before.uid === each.uid);
    // The snapshot may be older than the event that says that the pod is gone.
    const removed =
      isSame && before.removed !== undefined && at - before.removed < snapshotAge
        ? before.removed
        : undefined;
    const failure = isSame && !each.ready ? before.failure : undefined;
    next.set(path, {...each, path, added: isSame ? before.added : isFirst ? 0 : at, removed, failure});
  }
  for (const pod of pods.values()) {
    if (next.has(pod.path)) continue;
    if (pod.removed !== undefined) next.set(pod.path, pod);
    else if (at - pod.added < snapshotAge) next.set(pod.path, pod);
    else next.set(pod.path, {...pod, removed: at});
  }
  return next;
};

/** Forgets pods that were removed a while ago. */
export const withoutOld = (pods: Pods, now: number): Pods => {
  const old = [...pods.values()].filter(({removed}) => removed !== undefined && now - removed > removalShown);
  if (old.length === 0) return pods;
  const kept = new Map(pods);
  for (const {path} of old) kept.delete(path);
  return kept;
};

/** The addresses without prefix lengths: of its interfaces or, before they are known, of the API server. */
export const addressesOf = ({interfaces, ips}: Pick<PodView, 'interfaces' | 'ips'>): readonly string[] => {
  const recorded = interfaces.flatMap(({addresses}) => addresses.map((each) => each.replace(/\/.*$/, '')));
  return recorded.length > 0 ? recorded : ips;
};

export type PodState = 'ready' | 'starting' | 'failing' | 'deleting' | 'removed';

export const stateOf = ({ready, deleting, removed, phase, failure}: PodView): PodState => {
  if (removed !== undefined) return 'removed';
  if (deleting) return 'deleting';
  if (phase === 'Failed' || failure !== undefined) return 'failing';
  return ready || phase === 'Succeeded' ? 'ready' : 'starting';
};
