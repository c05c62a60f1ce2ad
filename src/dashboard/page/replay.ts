/** Plays a recording: at a speed, with pauses, from any position. */

import {signal} from '@preact/signals';
import {microsecondsOf} from '../../cluster/events/event.ts';
import type {FeedMessage} from '../feed.ts';
import {parse} from './live.ts';
import {emptyModel, type Model} from './model/model.ts';
import {reduce} from './model/reduce.ts';
import {chosenBar, connection, model, show} from './store.ts';

export const speeds = [0.1, 0.25, 0.5, 1, 2, 5, 10] as const;

export interface Recording {
  readonly messages: readonly FeedMessage[];
  /** Microseconds since the first message, never decreasing: some events come late. */
  readonly offsets: readonly number[];
}

/** Undefined when the page is not a replay. */
export const recording = signal<Recording | undefined>(undefined);
/** Microseconds since the beginning of the recording. */
export const position = signal(0);
export const isPlaying = signal(false);
export const speed = signal(1);

/** The model after the first `index` messages. */
interface Checkpoint {
  readonly index: number;
  readonly model: Model;
}

/** Checkpoints of a recording, so that its length does not decide how much memory they need. Their models share most of it. */
const mostCheckpoints = 100;
const leastSpacing = 500;
/** Messages between two checkpoints. */
let spacing = leastSpacing;
let checkpoints: readonly Checkpoint[] = [];
let current: Checkpoint = {index: 0, model: emptyModel};

export const durationOf = ({offsets}: Recording): number => offsets.at(-1) ?? 0;

/** The text has one message per line. Other lines are ignored. */
export const load = (text: string, initialSpeed: number): void => {
  const messages = text.split('\n').flatMap((line) => parse(line) ?? []);
  const times = messages.map(({time}) => microsecondsOf(time));
  const first = times.find((time) => !Number.isNaN(time)) ?? 0;
  let latest = 0;
  const offsets = times.map((time) => {
    latest = Math.max(latest, Number.isNaN(time) ? 0 : time - first);
    return latest;
  });
  spacing = Math.max(leastSpacing, Math.ceil(messages.length / mostCheckpoints));
  checkpoints = [];
  current = {index: 0, model: emptyModel};
  speed.value = initialSpeed;
  connection.value = 'connected';
  recording.value = {messages, offsets};
  seek(0);
  play();
};

export const seek = (to: number): void => {
  const played = recording.value;
  if (played === undefined) return;
  position.value = Math.min(Math.max(to, 0), durationOf(played));
  const end = endAt(played, position.value);
  if (end < current.index) {
    current = checkpoints.findLast(({index}) => index <= end) ?? {index: 0, model: emptyModel};
    chosenBar.value = undefined;
  }
  while (current.index < end) {
    const index = Math.min(end, (Math.floor(current.index / spacing) + 1) * spacing);
    current = {index, model: reduce(current.model, played.messages.slice(current.index, index))};
    if (index % spacing === 0 && !checkpoints.some((each) => each.index === index))
      checkpoints = [...checkpoints, current].sort((a, b) => a.index - b.index);
  }
  const time = new Date((microsecondsOf(played.messages[0]?.time ?? '') + position.value) / 1000);
  const isDated = !Number.isNaN(time.getTime());
  const next = isDated ? reduce(current.model, [{type: 'tick', time: time.toISOString()}]) : current.model;
  if (next !== model.value) show(next);
};

/** The number of messages that have come at a position. */
const endAt = ({offsets}: Recording, at: number): number => {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** From the beginning if it was at its end. */
export const play = (): void => {
  const played = recording.value;
  if (played === undefined || isPlaying.value) return;
  if (position.value >= durationOf(played)) seek(0);
  isPlaying.value = true;
  let before = performance.now();
  const step = (): void => {
    if (!isPlaying.value || recording.value !== played) return;
    const now = performance.now();
    if (now - before >= 50) {
      seek(position.value + (now - before) * 1000 * speed.value);
      before = now;
    }
    if (position.value >= durationOf(played)) isPlaying.value = false;
    else if (document.hidden) setTimeout(step, 500);
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
};

export const pause = (): void => {
  isPlaying.value = false;
};

/** Times at which a pod was created, failed or was deleted, for the marks on the position bar. */
export interface Mark {
  /** From 0 to 1. */
  readonly position: number;
  readonly kind: 'created' | 'failed' | 'deleted';
}

/** The number of places on the position bar. A screen cannot show more. */
const mostPositions = 500;

/** Long recordings have many marks at the same place: one of each kind is enough. */
export const marksOf = (recorded: Recording): readonly Mark[] => {
  const duration = Math.max(durationOf(recorded), 1);
  const marks = new Map<string, Mark>();
  for (const [index, message] of recorded.messages.entries()) {
    const kind = markOf(message);
    if (kind === undefined) continue;
    const place = Math.round(((recorded.offsets[index] ?? 0) / duration) * mostPositions);
    marks.set(`${kind} ${place}`, {position: place / mostPositions, kind});
  }
  return [...marks.values()];
};

const markOf = (message: FeedMessage): Mark['kind'] | undefined => {
  if (message.type !== 'event') return undefined;
  if (message.error !== undefined && message.kind !== 'source-lost') return 'failed';
  if (message.kind === 'pod-created') return 'created';
  return message.kind === 'pod-deleting' ? 'deleted' : undefined;
};
