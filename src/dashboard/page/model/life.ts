/** The life of one pod as bars: pairs the beginning and the end of each call. Pure. */

import type {ClusterEvent} from '../../../cluster/events/event.ts';
import {eventWords} from '../../../cluster/events/event-words.ts';
import {ownValue} from '../../../own-value.ts';

/** `plugin bridge` is the lane of one CNI plugin. */
export type Lane = 'pod' | 'containerd' | 'kubelet' | 'runtime' | `plugin ${string}`;

export interface Bar {
  /** Unique within a page. */
  readonly id: number;
  readonly lane: Lane;
  /** `AttachInterface`, `ADD`, `netns created` */
  readonly label: string;
  /**
   * `second`: the API server knows the time only to the second. `point`: the moment is known, the duration is not measured.
   */
  readonly shape: 'span' | 'point' | 'second';
  /** Microseconds since the epoch. */
  readonly start: number;
  /** Undefined while the call runs. */
  readonly end: number | undefined;
  readonly isFailed: boolean;
  /** The call undoes an attempt that failed. */
  readonly isRollback: boolean;
  readonly began: ClusterEvent | undefined;
  /** For points and seconds: the event itself. */
  readonly ended: ClusterEvent | undefined;
}

export type LifeState = 'starting' | 'failing' | 'ready' | 'deleting' | 'gone';

export interface Life {
  /** The pod's uid or, if it is unknown, its name. */
  readonly id: string;
  /** `<namespace>/<name>` */
  readonly pod: string;
  readonly node: string | undefined;
  readonly state: LifeState;
  readonly address: string | undefined;
  /** Microseconds since the epoch. */
  readonly begun: number;
  readonly latest: number;
  readonly ready: number | undefined;
  readonly deleting: number | undefined;
  /** The last error, until an attempt succeeds. */
  readonly error: string | undefined;
  /** Number of bars that failed. */
  readonly failures: number;
  /** Oldest first; the number is bounded. */
  readonly bars: readonly Bar[];
  /** Number of bars that were forgotten. */
  readonly forgotten: number;
  /** Ids of the bars whose calls run, by a key of the call. */
  readonly open: ReadonlyMap<string, number>;
}

/** Bars of one pod that are remembered. A pod that cannot start makes new ones forever. */
const mostBars = 400;

export const newLife = (id: string, pod: string, time: number): Life => ({
  id,
  pod,
  node: undefined,
  state: 'starting',
  address: undefined,
  begun: time,
  latest: time,
  ready: undefined,
  deleting: undefined,
  error: undefined,
  failures: 0,
  bars: [],
  forgotten: 0,
  open: new Map(),
});

export interface Position {
  /** Of the bar. */
  readonly id: number;
  /** The time of the event: microseconds since the epoch. */
  readonly at: number;
}

/** Events whose bars would only repeat others. */
const ignored: ReadonlySet<string> = new Set(['pod-updated', 'missed', 'source-lost', 'source-back']);

/** The life after an event about its pod. A bar that the event adds gets the `id`. */
export const withEvent = (life: Life, event: ClusterEvent, {id, at}: Position): Life => {
  if (ignored.has(event.kind) || event.routine) return life;
  const step = stepOf(event);
  const next = withFacts(
    {...life, latest: Math.max(life.latest, at), begun: Math.min(life.begun, at)},
    event,
    at,
  );
  if (step.phase === 'began') return began(next, event, step, {id, at});
  if (step.phase === 'ended') return ended(next, event, step, {id, at});
  const shape = event.source === 'api' ? 'second' : 'point';
  const isFailed = event.error !== undefined;
  return withBar(next, {
    id,
    lane: step.lane,
    label: step.label,
    shape,
    start: at,
    end: at,
    isFailed,
    isRollback: false,
    began: undefined,
    ended: event,
  });
};

interface Step {
  readonly lane: Lane;
  readonly label: string;
  readonly phase: 'began' | 'ended' | 'point';
  /** The same for the beginning and the end of a call. */
  readonly key: string;
}

const containerd: Readonly<Record<string, readonly [label: string, phase: 'began' | 'ended']>> = {
  'sandbox-starting': ['RunPodSandbox', 'began'],
  'sandbox-started': ['RunPodSandbox', 'ended'],
  'container-creating': ['CreateContainer', 'began'],
  'container-created': ['CreateContainer', 'ended'],
  'container-starting': ['StartContainer', 'began'],
  'container-started': ['StartContainer', 'ended'],
  'sandbox-stopping': ['StopPodSandbox', 'began'],
  'sandbox-stopped': ['StopPodSandbox', 'ended'],
  'sandbox-removing': ['RemovePodSandbox', 'began'],
  'sandbox-removed': ['RemovePodSandbox', 'ended'],
};

/** Kinds that are shown in words; others by their name. */
const points: ReadonlySet<string> = new Set([
  'netns-created',
  'netns-deleted',
  'address-assigned',
  'address-released',
  'pod-added',
  'pod-deleted',
  'pod-removed',
  'volume-mount',
  'pod-created',
  'pod-scheduled',
  'pod-ip',
  'pod-ready',
  'pod-not-ready',
  'pod-deleting',
  'pod-gone',
]);

const stepOf = (event: ClusterEvent): Step => {
  const {kind, source, call, rpc = '', plugin = '', command = ''} = event;
  if (kind === 'rpc-began' || kind === 'rpc-ended')
    return {lane: 'runtime', label: rpc, phase: kind === 'rpc-began' ? 'began' : 'ended', key: `rpc ${call}`};
  if (kind === 'plugin-began' || kind === 'plugin-ended') {
    const phase = kind === 'plugin-began' ? 'began' : 'ended';
    return {lane: `plugin ${plugin}`, label: command, phase, key: `plugin ${call}`};
  }
  const [label, phase] = ownValue(containerd, kind) ?? [];
  if (label !== undefined && phase !== undefined) return {lane: 'containerd', label, phase, key: label};
  const lane =
    source === 'api' ? 'pod' : source === 'kubelet' || source === 'containerd' ? source : 'runtime';
  return {lane, label: points.has(kind) ? eventWords(event) : kind, phase: 'point', key: kind};
};

const withBar = (life: Life, bar: Bar): Life => {
  const failures = life.failures + (bar.isFailed ? 1 : 0);
  return withLastBars({...life, failures, bars: [...life.bars, bar]}, mostBars);
};

/** Forgets the oldest bars, so that at most `most` remain. */
export const withLastBars = (life: Life, most: number): Life => {
  const surplus = life.bars.length - most;
  if (surplus <= 0) return life;
  const ids = new Set(life.bars.slice(0, surplus).map(({id}) => id));
  const open = new Map([...life.open].filter(([, id]) => !ids.has(id)));
  return {...life, bars: life.bars.slice(surplus), open, forgotten: life.forgotten + surplus};
};

const began = (life: Life, event: ClusterEvent, {lane, label, key}: Step, {id, at}: Position): Life => {
  const next = withBar(life, {
    id,
    lane,
    label,
    shape: 'span',
    start: at,
    end: undefined,
    isFailed: false,
    isRollback: isRollback(life, event),
    began: event,
    ended: undefined,
  });
  return {...next, open: new Map(next.open).set(key, id)};
};

const ended = (life: Life, event: ClusterEvent, {lane, label, key}: Step, {id, at}: Position): Life => {
  const open = new Map(life.open);
  const openId = open.get(key);
  open.delete(key);
  const isFailed = event.error !== undefined;
  const index = openId === undefined ? -1 : life.bars.findLastIndex((bar) => bar.id === openId);
  const bar = life.bars[index];
  if (bar === undefined) {
    const start = event.ms === undefined ? at : at - event.ms * 1000;
    const shape = event.ms === undefined ? 'point' : 'span';
    const added: Bar = {
      id,
      lane,
      label,
      shape,
      start,
      end: at,
      isFailed,
      isRollback: isRollback(life, event),
      began: undefined,
      ended: event,
    };
    return withBar({...life, open}, added);
  }
  const failures = life.failures + (isFailed ? 1 : 0);
  return {...life, open, failures, bars: life.bars.with(index, {...bar, end: at, isFailed, ended: event})};
};

/** DEL while AttachInterface runs, and what removes the sandbox of a failed attempt. */
const isRollback = ({state, bars, open}: Life, {command, rpc, kind}: ClusterEvent): boolean => {
  if (command === 'DEL')
    return (
      state === 'failing' ||
      [...open.values()].some((id) => bars.findLast((bar) => bar.id === id)?.label === 'AttachInterface')
    );
  const isUndoing =
    rpc === 'DetachInterface' || rpc === 'DeleteNetwork' || /^sandbox-(stop|remov)/.test(kind);
  return isUndoing && state === 'failing';
};

/** Adds the facts about the pod that the event contains. */
const withFacts = (life: Life, event: ClusterEvent, at: number): Life => {
  const {kind, error, rpc, address} = event;
  const node = event.node === undefined || event.source === 'api' ? (life.node ?? event.node) : event.node;
  const known = {...life, node};
  if (life.state === 'gone') return known;
  if (kind === 'pod-gone') return {...known, state: 'gone'};
  if (kind === 'pod-deleting') return {...known, state: 'deleting', deleting: life.deleting ?? at};
  if (kind === 'address-assigned') return {...known, address: life.address ?? address};
  if (kind === 'pod-ip') return {...known, address: life.address ?? address};
  if (kind === 'address-released') return {...known, address: undefined};
  if (life.state === 'deleting') return known;
  if (kind === 'pod-ready') return {...known, state: 'ready', ready: life.ready ?? at, error: undefined};
  if (kind === 'pod-not-ready') return {...known, state: 'starting'};
  if (error !== undefined) return {...known, state: 'failing', error};
  const isSuccess = kind === 'rpc-ended' && rpc === 'AttachInterface';
  return isSuccess && life.state === 'failing' ? {...known, state: 'starting', error: undefined} : known;
};

/** Ends the calls that a program left unfinished when it stopped. */
export const interrupt = (life: Life, at: number, lanes: (lane: Lane) => boolean): Life => {
  const isCut = (bar: Bar): boolean => bar.end === undefined && lanes(bar.lane);
  if (!life.bars.some(isCut)) return life;
  const cut = new Set(life.bars.filter(isCut).map(({id}) => id));
  return {
    ...life,
    failures: life.failures + cut.size,
    bars: life.bars.map((bar) => (cut.has(bar.id) ? {...bar, end: at, isFailed: true} : bar)),
    open: new Map([...life.open].filter(([, id]) => !cut.has(id))),
  };
};
