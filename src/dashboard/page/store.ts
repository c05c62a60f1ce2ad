/** The state of the page: the model of the feed, and what the user has chosen. */

import {batch, computed, signal} from '@preact/signals';
import type {FeedMessage} from '../feed.ts';
import {emptyModel, type Model} from './model/model.ts';
import {reduce, type TickMessage} from './model/reduce.ts';
import {shownLifeOf} from './model/shown-life.ts';
import {foundBarIn, type SoughtBar, soughtBarOf} from './model/sought-bar.ts';

export const views = ['life', 'topology', 'nodes', 'pods', 'log'] as const;
export type View = (typeof views)[number];

export const model = signal<Model>(emptyModel);
export const view = signal<View>('life');
export const search = signal('');
/** The bar whose call is shown. */
export const chosenBar = signal<number | undefined>(undefined);
/** The life that the user has chosen; otherwise the page follows the newest pod. */
export const chosenLife = signal<string | undefined>(undefined);
/** The pod whose details are shown: `<namespace>/<name>` */
export const chosenPod = signal<string | undefined>(undefined);
export const connection = signal<'connecting' | 'connected' | 'broken'>('connecting');
/** The page plays a recording, which may still be loading. */
export const isReplay = signal(false);
export const isHelpOpen = signal(false);
export const actionForm = signal<ActionForm | undefined>(undefined);
/** Read to a screen reader. */
export const announcement = signal('');

/** The action that the panel offers first. */
export interface ActionForm {
  readonly action: Model['actions'][number];
  readonly pod?: string | undefined;
  readonly node?: string | undefined;
}

export const shownLife = computed(() =>
  shownLifeOf(model.value, {life: chosenLife.value, bar: chosenBar.value}),
);

export const followNewest = (): void => {
  batch(() => {
    chosenLife.value = undefined;
    chosenBar.value = undefined;
  });
};

type Message = FeedMessage | TickMessage;

/** Milliseconds between two updates of the page. */
const pauses = {least: 50, most: 1_000};
/** Updates take at most about a seventh of the time, so that a slow machine stays responsive. */
const restPerWork = 6;
let pause = pauses.least;

let waiting: Message[] = [];
let isScheduled = false;

const flush = (): void => {
  isScheduled = false;
  if (waiting.length === 0) return;
  const messages = waiting;
  waiting = [];
  const begun = performance.now();
  update(reduce(model.value, messages), messages);
  // After the page is rendered and painted.
  setTimeout(() => {
    const work = performance.now() - begun;
    pause = Math.min(Math.max(work * restPerWork, pauses.least), pauses.most);
  });
};

/** Until the messages of a new feed have come as far as the bar that was chosen. */
let sought: SoughtBar | undefined;

const update = (next: Model, messages: readonly Message[]): void => {
  if (messages.some(({type}) => type === 'start')) sought ??= soughtBarOf(model.value, chosenBar.value);
  // The user may have chosen another bar since.
  if (sought?.id !== chosenBar.value) sought = undefined;
  const found = sought && foundBarIn(next, sought);
  batch(() => {
    model.value = next;
    if (found === undefined) return;
    chosenBar.value = found;
    sought = undefined;
  });
};

/** A hidden tab has no animation frames, but its messages must not pile up. */
const schedule = (): void => {
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => (document.hidden ? flush() : requestAnimationFrame(flush)), pause);
};

export const receive = (message: Message): void => {
  waiting.push(message);
  schedule();
};

/** Shows a model that was computed elsewhere, and forgets what waits. */
export const show = (next: Model): void => {
  waiting = [];
  model.value = next;
};

export const openLife = (life: string, bar?: number): void => {
  batch(() => {
    chosenLife.value = life;
    chosenBar.value = bar;
    showView('life');
  });
};

export const openPod = (path: string): void => {
  batch(() => {
    chosenPod.value = path;
    showView('pods');
  });
};

export const showView = (next: View): void => {
  view.value = next;
  if (location.hash !== `#${next}`) history.replaceState(null, '', `#${next}`);
};

/** The parts of a search, in lower case: all of them must be found. */
export const words = computed(() => search.value.toLowerCase().split(/\s+/).filter(Boolean));

export const matches = (text: string): boolean => {
  const lower = text.toLowerCase();
  return words.value.every((word) => lower.includes(word));
};
