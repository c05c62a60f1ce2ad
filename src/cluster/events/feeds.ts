/** The sources of events: for each node its runtime and the journal of kubelet and containerd, and the API server. */

import {CommandError} from '../../host/command-error.ts';
import type {Command, Host} from '../../host/host.ts';
import {servicesJournal} from '../../tools/journalctl.ts';
import {askEvents, refusalOf} from '../../tools/kni-runtime.ts';
import {listPods, watchPods} from '../../tools/kubectl.ts';
import {untilStdinEnds} from '../../tools/until-stdin-ends.ts';
import type {Cluster} from '../cluster.ts';
import {type ClusterEvent, microsecondsOf, type Source} from './event.ts';
import {journalPattern, journalReader} from './journal-events.ts';
import {podReader} from './pod-events.ts';
import {parseRuntimeEvent} from './runtime-events.ts';
import {createSeenEvents} from './seen-events.ts';

/** One program on one node, which prints events as lines. */
export interface Feed {
  /** `test1-worker: runtime` */
  readonly title: string;
  readonly source: Source;
  readonly node: string;
  /**
   * Calls `onEvent` for the events of the past and, if `follow`, for those that come, without those that were read before.
   * Resolves when the program ends by itself; rejects with SourceFailed. `onStart` is called when the node answers.
   */
  read(options: ReadOptions): Promise<void>;
}

export interface ReadOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onStart?: () => void;
  readonly onEvent: (event: ClusterEvent) => void;
}

/** A source did not answer, or ended; the message is for people. */
export class SourceFailed extends Error {
  override readonly name = 'SourceFailed';
}

interface FeedParts {
  readonly source: Source;
  readonly node: string;
  readonly host: Host;
  /** `since` is in milliseconds since the epoch. */
  readonly command: (follow: boolean, since: number) => Command;
  readonly parse: (line: string) => readonly ClusterEvent[];
}

/** Microseconds since the epoch. */
const now = (): number => (performance.timeOrigin + performance.now()) * 1000;

/** `since` is in milliseconds since the epoch. */
export const feedsOf = (cluster: Cluster, nodes: readonly string[], since: number): readonly Feed[] => {
  const control = cluster.nodes.find(({role}) => role === 'control-plane')?.name;
  const all: FeedParts[] = nodes.flatMap((node) => [
    {
      source: 'runtime',
      node,
      host: cluster.node(node),
      command: (follow) => askEvents({follow}),
      parse: (line) => [parseRuntimeEvent(line, node)].filter((event) => event !== undefined),
    },
    {
      source: 'containerd',
      node,
      host: cluster.node(node),
      command: (follow, from) => servicesJournal({follow, since: from, pattern: journalPattern}),
      parse: journalReader(node),
    },
  ]);
  if (control !== undefined)
    all.push({
      source: 'api',
      node: control,
      host: cluster.controlPlane,
      command: (follow) => (follow ? watchPods : listPods),
      parse: podReader(now),
    });
  return all.map((parts) => createFeed(parts, since));
};

/** Milliseconds that the lines of a journal may be late. */
const lateness = 5_000;

const createFeed = ({source, node, host, command, parse}: FeedParts, since: number): Feed => {
  const isUnseen = createSeenEvents();
  let latest = since;
  const isNew = (event: ClusterEvent): boolean => {
    if (microsecondsOf(event.time) < since * 1000 || !isUnseen(event)) return false;
    latest = Math.max(latest, microsecondsOf(event.time) / 1000);
    return true;
  };
  return {
    title: `${node}: ${source === 'containerd' ? 'journal of kubelet and containerd' : source}`,
    source,
    node,
    async read({follow, signal, onStart, onEvent}) {
      const from = latest === since ? since : Math.max(since, latest - lateness);
      const asked = command(follow, from);
      let isStarted = false;
      const onLine = (line: string): void => {
        if (!isStarted) onStart?.();
        isStarted = true;
        for (const event of parse(line)) if (isNew(event)) onEvent(event);
      };
      try {
        await host.run(follow ? untilStdinEnds(asked) : asked, {
          signal,
          onLine,
          ...(follow && {holdInput: true}),
        });
      } catch (error) {
        if (signal.aborted || !(error instanceof CommandError)) throw error;
        if (isEmptyJournal(asked, error)) return;
        const refusal = source === 'runtime' ? refusalOf(error) : undefined;
        const complaint = isOfSource(error.lastLine) ? error.reason : error.lastLine;
        const answer = refusal?.status === 'UNIMPLEMENTED' ? 'it does not report events' : refusal?.details;
        throw new SourceFailed(answer ?? complaint, {cause: error});
      }
    },
  };
};

/** Objects of the runtime and the journal, and the columns of pods. Other lines are messages of the program. */
const isOfSource = (line: string): boolean => line.startsWith('{') || line.includes('|');

/** journalctl fails when no line matches. */
const isEmptyJournal = ([file]: Command, {exitStatus, output}: CommandError): boolean =>
  file === 'journalctl' && exitStatus === 1 && /^(-- No entries --)?$/.test(output.trim());
