/** The page of `kni-demo dashboard`. */

import {render} from 'preact';
import type {PageMode} from '../feed.ts';
import {listenToKeys} from './keys.ts';
import {fetchRecording, readFeed, serverTime} from './live.ts';
import {load} from './replay.ts';
import {applySettings} from './settings.ts';
import {connection, isReplay, model, receive, showView, views} from './store.ts';
import {App} from './views/app.tsx';

const textOf = (id: string): string | undefined => document.getElementById(id)?.textContent ?? undefined;

const mode: PageMode = JSON.parse(textOf('kni-mode') ?? '{"mode":"live"}');

/** Milliseconds until the page is painted. A long recording then keeps it busy. */
const untilPainted = 50;

const replay = async (speed: number): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, untilPainted));
  const text = textOf('kni-recording') ?? (await fetchRecording());
  load(text, speed);
};

const readHash = (): void => {
  const chosen = views.find((each) => `#${each}` === location.hash);
  if (chosen !== undefined) showView(chosen);
};

isReplay.value = mode.mode === 'replay';
applySettings();
listenToKeys();
readHash();
addEventListener('hashchange', readHash);
const root = document.getElementById('app');
if (root !== null) render(<App />, root);

if (mode.mode === 'replay') {
  replay(mode.speed).catch(() => {
    connection.value = 'broken';
  });
} else {
  readFeed();
  // Time passes also when nothing happens.
  setInterval(() => {
    if (model.value.now > 0 && connection.value === 'connected') receive({type: 'tick', time: serverTime()});
  }, 1_000);
}
