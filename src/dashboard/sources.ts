/** One set of sources for all readers: events, log lines and the state of one cluster. It reconnects when a deleted cluster returns. */

import {setTimeout as sleep} from 'node:timers/promises';
import {type ApiState, apiStateOf} from '../cluster/api-state.ts';
import {type Cluster, type ClusterPlace, requireCluster} from '../cluster/cluster.ts';
import {type NodeState, nodeStateOf} from '../cluster/node-state.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import {installedPrograms} from '../stages/lib/installed-programs.ts';
import {messageOf} from '../thrown.ts';
import type {FeedMessage} from './feed.ts';
import {createFollowers} from './followers.ts';
import {snapshotOf} from './snapshot.ts';

export interface SourcesOptions {
  readonly place: ClusterPlace;
  readonly cluster: string;
  /** Milliseconds since the epoch: where the events and the logs begin. */
  readonly since: number;
  readonly publish: (message: FeedMessage) => void;
  /** Whether anybody reads. Otherwise nothing is polled. */
  readonly isWatched: () => boolean;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at the cluster. */
  readonly interval?: number;
}

const usualInterval = 2_000;
/** Milliseconds until the first reader is noticed. */
const idle = 200;
/** Milliseconds after which a node is asked again although nothing happened there. */
const longest = 10_000;

/** Resolves when the signal aborts. Rejects only with errors of this program. */
export const runSources = async (options: SourcesOptions): Promise<void> => {
  const {place, cluster: name, publish, isWatched, signal, interval = usualInterval} = options;
  const state = createState(options);
  const followers = createFollowers({...options, onEvent: state.touch});
  const pausing = AbortSignal.any([signal, followers.failed]);
  let lost: string | undefined;
  const setLost = (reason: string | undefined): void => {
    if (reason === lost) return;
    if (reason !== undefined) publish({type: 'lost', time: new Date().toISOString(), reason});
    else publish({type: 'back', time: new Date().toISOString()});
    lost = reason;
  };
  try {
    while (!signal.aborted) {
      if (isWatched()) {
        try {
          const cluster = await requireCluster(place, name, signal);
          followers.follow(cluster);
          setLost(await state.look(cluster));
        } catch (error) {
          if (signal.aborted) break;
          if (!(error instanceof UserError)) throw error;
          followers.end();
          setLost(error.message);
        }
      }
      await sleep(isWatched() ? interval : idle, undefined, {signal: pausing}).catch(() => undefined);
      followers.failed.throwIfAborted();
    }
  } finally {
    followers.end();
    await followers.ended();
  }
};

/** Publishes the state of the cluster when it has changed. */
const createState = ({publish, signal}: SourcesOptions) => {
  let api: ApiState | undefined;
  let before = '';
  const states = new Map<string, {readonly state: NodeState; readonly at: number}>();
  const touched = new Set<string>();
  const lookAt = async (cluster: Cluster, node: string): Promise<void> => {
    const known = states.get(node);
    if (known !== undefined && !touched.has(node) && performance.now() - known.at < longest) return;
    touched.delete(node);
    try {
      const state = await nodeStateOf(cluster.node(node), installedPrograms.path, signal);
      states.set(node, {state, at: performance.now()});
    } catch {
      // The node was stopped, or its output cannot be read: the snapshot shows the node without its links and routes.
      states.delete(node);
    }
  };
  return {
    /** Something happened on the node. */
    touch: (node: string): void => void touched.add(node),
    /** Returns why the API server does not answer. */
    async look(cluster: Cluster): Promise<string | undefined> {
      const nodes = cluster.nodes.filter(({running}) => running).map((each) => each.name);
      for (const node of states.keys()) if (!nodes.includes(node)) states.delete(node);
      const [why] = await Promise.all([
        askApi(cluster, signal, (found) => {
          api = found;
        }),
        ...nodes.map((node) => lookAt(cluster, node)),
      ]);
      signal.throwIfAborted();
      const latest = new Map([...states].map(([node, {state}]) => [node, state] as const));
      const {type, ...snapshot} = snapshotOf({containers: cluster.nodes, api, states: latest});
      const text = JSON.stringify(snapshot);
      if (text !== before) publish({type, time: new Date().toISOString(), ...snapshot});
      before = text;
      return why;
    },
  };
};

/** kubectl may have printed a part of the JSON, too. */
const complaintIn = ({output, reason}: CommandError): string =>
  output.split('\n').findLast((line) => /^[A-Za-z]/.test(line)) ?? reason;

/** Returns why the API server does not answer. */
const askApi = async (
  cluster: Cluster,
  signal: AbortSignal,
  onAnswer: (api: ApiState) => void,
): Promise<string | undefined> => {
  const control = cluster.nodes.find(({role}) => role === 'control-plane');
  if (control?.running === false) return `${control.name} is stopped`;
  try {
    onAnswer(await apiStateOf(cluster, signal));
    return undefined;
  } catch (error) {
    return `the API server does not answer: ${error instanceof CommandError ? complaintIn(error) : messageOf(error)}`;
  }
};
