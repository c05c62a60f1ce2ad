/** The pure reducer: the model after some messages of the feed. */

import {type ClusterEvent, microsecondsOf} from '../../../cluster/events/event.ts';
import {eventWords, minorKinds} from '../../../cluster/events/event-words.ts';
import type {FeedMessage, LogMessage, NodeSnapshot} from '../../feed.ts';
import {interrupt, type Life, newLife, withEvent, withLastBars} from './life.ts';
import {withLinkedLines} from './linked-lines.ts';
import {emptyModel, type LogEntry, type Model} from './model.ts';
import {type PodView, podAfter, podsWithSnapshot, withoutOld} from './pods.ts';
import {visibleText} from './text.ts';

/** Pods, also deleted ones, whose lives are remembered. */
const mostLives = 250;
/** Bars of all lives that are remembered. A usual life has about 20. */
export const mostBars = 20_000;
/** Log entries that are remembered. */
export const mostEntries = 6_000;

/** Says that time has passed, so that removed pods are forgotten. The page adds it; it is not in the feed. */
export interface TickMessage {
  readonly type: 'tick';
  readonly time: string;
}

/** Batches are cheaper than single messages: large collections are copied once per batch. */
export const reduce = (model: Model, messages: readonly (FeedMessage | TickMessage)[]): Model => {
  const start = messages.findLastIndex(({type}) => type === 'start');
  const draft = createDraft(start < 0 ? model : {...emptyModel, nextId: model.nextId});
  for (const message of messages.slice(Math.max(start, 0))) draft.add(message);
  return draft.finish();
};

const createDraft = (model: Model) => {
  const lives = new Map(model.lives);
  const lifeOfPod = new Map(model.lifeOfPod);
  const entries: LogEntry[] = [];
  /** Undefined while no pod has changed. */
  let changedPods: Map<string, PodView> | undefined;
  let {now, nodes, lost, dropped, events, nextId} = model;
  let facts: Pick<Model, 'cluster' | 'isLive' | 'actions' | 'drills'> = model;

  const lifeOf = (event: ClusterEvent, at: number): Life | undefined => {
    const {pod, uid, kind, source} = event;
    if (pod === undefined) return undefined;
    const latest = lives.get(lifeOfPod.get(pod) ?? '');
    const isSame = latest !== undefined && (uid === undefined || latest.id === uid || latest.id === pod);
    if (isSame && !(latest.state === 'gone' && latest.id === pod && kind === 'pod-created')) return latest;
    const byUid = lives.get(uid ?? '');
    if (byUid !== undefined) return byUid;
    if (source === 'kni-demo' || event.routine) return undefined;
    return newLife(uid ?? pod, pod, at);
  };

  const addEvent = (event: ClusterEvent, at: number): void => {
    events += 1;
    const pod = podAfter(changedPods ?? model.pods, event, at);
    if (pod !== undefined) {
      changedPods ??= new Map(model.pods);
      changedPods.set(pod.path, pod);
    }
    nodes = nodes && nodesWithEvent(nodes, event);
    const id = nextId++;
    const before = lifeOf(event, at);
    let bar: number | undefined;
    if (before !== undefined) {
      const life = withEvent(before, event, {id, at});
      bar = life.bars.findLast(({ended, began}) => ended === event || began === event)?.id;
      lives.set(life.id, life);
      const youngest = lives.get(lifeOfPod.get(life.pod) ?? '');
      if (youngest === undefined || youngest.begun <= life.begun) lifeOfPod.set(life.pod, life.id);
    } else if (event.kind === 'runtime-started') {
      for (const life of lives.values())
        if (life.node === event.node && life.open.size > 0)
          lives.set(life.id, interrupt(life, at, isOfRuntime));
    }
    entries.push(entryOf(event, {id: nextId++, at, life: before?.id, bar}));
  };

  return {
    add(message: FeedMessage | TickMessage): void {
      const at = microsecondsOf(message.time);
      if (Number.isNaN(at)) return;
      if (message.type !== 'start') now = Math.max(now, at);
      switch (message.type) {
        case 'start': {
          const {cluster, live, actions, drills} = message;
          facts = {cluster, isLive: live, actions: message.readOnly ? [] : actions, drills: drills ?? []};
          break;
        }
        case 'event':
          addEvent(message, at);
          break;
        case 'log':
          entries.push(logEntryOf(message, nextId++, at, lives.get(lifeOfPod.get(message.pod ?? '') ?? '')));
          break;
        case 'snapshot':
          changedPods = podsWithSnapshot(changedPods ?? model.pods, message.pods, at, nodes === undefined);
          nodes = message.nodes;
          break;
        case 'lost':
          lost = message.reason;
          break;
        case 'back':
          lost = undefined;
          break;
        case 'dropped':
          dropped += message.messages;
          break;
        case 'tick':
          break;
        default:
        // A later version of the feed has further messages.
      }
    },
    finish(): Model {
      bound(lives, lifeOfPod);
      const log =
        entries.length === 0
          ? model.log
          : withLinkedLines(inTime(model.log, entries).slice(-mostEntries), entries);
      const pods = withoutOld(changedPods ?? model.pods, now);
      return {...facts, now, nodes, pods, lives, lifeOfPod, log, lost, dropped, events, nextId};
    },
  };
};

const isOfRuntime = (lane: string): boolean => lane === 'runtime' || lane.startsWith('plugin ');

/** Changes of a node that events say at once; the next snapshot has the rest. */
const nodesWithEvent = (nodes: readonly NodeSnapshot[], event: ClusterEvent): readonly NodeSnapshot[] => {
  const {kind, node: name, ready, reason, error, network} = event;
  const change = (update: (node: NodeSnapshot) => NodeSnapshot): readonly NodeSnapshot[] =>
    nodes.map((node) => (node.name === name ? update(node) : node));
  if (kind === 'readiness' && ready !== undefined)
    return change((node) => ({
      ...node,
      networks: node.networks.map((each) =>
        network === undefined || each.name === network ? {...each, ready, reason: error ?? reason} : each,
      ),
    }));
  if (kind === 'runtime-started') return change((node) => ({...node, silent: undefined}));
  if (kind === 'runtime-stopping') return change((node) => ({...node, silent: 'the network runtime stops'}));
  return nodes;
};

const warnings: ReadonlySet<string> = new Set(['missed', 'source-lost', 'pod-not-ready', 'cleanup-pending']);

type Links = Pick<LogEntry, 'id' | 'at' | 'life' | 'bar'>;

const entryOf = (event: ClusterEvent, links: Links): LogEntry => {
  const {error, kind, ready, node = '', source, pod} = event;
  const words = eventWords(event);
  const isWarning = warnings.has(kind) || (kind === 'readiness' && ready === false);
  return {
    ...links,
    node,
    source,
    pod,
    about: event,
    level: error !== undefined && kind !== 'source-lost' ? 'error' : isWarning ? 'warn' : 'info',
    text: visibleText(error === undefined || words.includes(error) ? words : `${words}: ${error}`),
    isMinor: event.routine === true || minorKinds.has(kind),
  };
};

const logEntryOf = (message: LogMessage, id: number, at: number, life: Life | undefined): LogEntry => {
  const {level, msg, error, node, pod, rpc, plugin} = message;
  const isSevere = level === 'warn' || level === 'error';
  return {
    id,
    at,
    node,
    source: 'log',
    pod,
    life: life?.id,
    bar: undefined,
    about: message,
    level: isSevere ? level : 'info',
    text: visibleText(error === undefined ? msg : `${msg}: ${error}`),
    isMinor: !isSevere && (rpc !== undefined || plugin !== undefined) && !msg.startsWith('ipconfigs'),
  };
};

/** Adds entries that are nearly in order: a log line comes a little later than the event of the same moment. */
const inTime = (log: readonly LogEntry[], entries: readonly LogEntry[]): readonly LogEntry[] => {
  const sorted = entries.toSorted((a, b) => a.at - b.at || a.id - b.id);
  const first = sorted[0];
  const last = log.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return [...log, ...sorted];
  const from = log.findLastIndex(({at}) => at <= first.at) + 1;
  return [
    ...log.slice(0, from),
    ...[...log.slice(from), ...sorted].sort((a, b) => a.at - b.at || a.id - b.id),
  ];
};

/** Forgets the oldest lives, first those of pods that are gone. Pods that exist stay: if they have too many bars, they share the limit. */
const bound = (lives: Map<string, Life>, lifeOfPod: Map<string, string>): void => {
  let bars = 0;
  for (const life of lives.values()) bars += life.bars.length;
  if (lives.size <= mostLives && bars <= mostBars) return;
  const all = [...lives.values()].sort(
    (a, b) => Number(b.state === 'gone') - Number(a.state === 'gone') || a.begun - b.begun,
  );
  for (const life of all) {
    if (lives.size <= mostLives && (bars <= mostBars || life.state !== 'gone')) break;
    bars -= life.bars.length;
    lives.delete(life.id);
    if (lifeOfPod.get(life.pod) === life.id) lifeOfPod.delete(life.pod);
  }
  if (bars <= mostBars) return;
  const share = Math.floor(mostBars / lives.size);
  for (const life of lives.values()) lives.set(life.id, withLastBars(life, share));
};
