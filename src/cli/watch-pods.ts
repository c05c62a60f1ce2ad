/** Shows the events of new pods while they start. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {Cluster} from '../cluster/cluster.ts';
import {readEvents} from '../cluster/events/read-events.ts';
import {lifeSelector} from '../cluster/events/select-events.ts';
import {isTerminal, lineWriter, paletteOf} from '../view/stream.ts';
import {eventText} from './event-text.ts';
import {leastWidth, podLifeText} from './pod-life-text.ts';
import {runOutput} from './run-output.ts';
import type {World} from './world.ts';

export interface PodWatch {
  /** Resolves when the event of the pod's readiness is shown, or after a few seconds. */
  shown(pod: string): Promise<void>;
  end(): Promise<void>;
}

export interface PodWatchOptions {
  readonly name: string;
  /** `namespace/name` of each pod. */
  readonly paths: readonly string[];
  readonly json: boolean | undefined;
}

/** Milliseconds to wait for an event that has happened. */
const patience = 3_000;

/** One pod in a terminal gets a drawing. Pipes, narrow terminals and several pods get lines. */
export const watchPods = (world: World, cluster: Cluster, options: PodWatchOptions): PodWatch => {
  const {name, paths, json} = options;
  const {stdout, signal} = world;
  const ending = new AbortController();
  const nodes = cluster.nodes.map((node) => node.name);
  const {say, record} = runOutput(world, json);
  const print = ((): ((event: Parameters<ReturnType<typeof eventText>>[0]) => void) => {
    if (json) return (event) => record('event', event);
    const paint = paletteOf(stdout);
    if (!isTerminal(stdout) || stdout.columns < leastWidth || paths.length > 1) {
      const width = isTerminal(stdout) ? stdout.columns : Infinity;
      const format = eventText({paint, nodes, cluster: name, width, onePod: paths.length === 1});
      return (event) => say(format(event));
    }
    const {header, rows} = podLifeText(paint, stdout.columns);
    lineWriter(stdout)(header);
    return (event) => {
      for (const row of rows(event)) say(row);
    };
  })();
  const ready = new Map(paths.map((path) => [path, new AbortController()]));
  const selects = lifeSelector(paths);
  const show = async (): Promise<void> => {
    const following = AbortSignal.any([signal, ending.signal]);
    const read = {nodes, since: Date.now(), follow: true, signal: following};
    for await (const event of readEvents(cluster, read)) {
      if (!selects(event)) continue;
      print(event);
      if (event.kind === 'pod-ready') ready.get(event.pod ?? '')?.abort();
    }
  };
  const showing = show();
  showing.catch(() => undefined); // `end` rejects with it
  return {
    shown: (pod) => {
      const over = AbortSignal.any([signal, ...[ready.get(pod)?.signal ?? []].flat()]);
      return sleep(patience, undefined, {signal: over}).catch(() => undefined);
    },
    end: async () => {
      ending.abort();
      await showing;
    },
  };
};
