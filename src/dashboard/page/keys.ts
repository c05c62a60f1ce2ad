/** Keys that work everywhere on the page. */

import {durationOf, isPlaying, pause, play, position, recording, seek} from './replay.ts';
import {changeTheme, isLarge} from './settings.ts';
import {
  actionForm,
  chosenBar,
  chosenPod,
  followNewest,
  isHelpOpen,
  search,
  showView,
  view,
  views,
} from './store.ts';

/** For the help: key and meaning. */
export const keys: readonly (readonly [string, string])[] = [
  ['1 – 5', 'switch the view'],
  ['/', 'search'],
  ['Esc', 'close, or clear the search'],
  ['↑ ↓', 'move in a list'],
  ['← →', 'move from bar to bar'],
  ['Enter', 'open'],
  ['+ −', 'zoom the clock'],
  ['0', 'show the whole clock'],
  ['f', 'follow the newest pod'],
  ['t', 'light, dark or as the system'],
  ['l', 'large text, for projectors'],
  ['Space', 'play or pause a recording'],
  [', .', '5 seconds back or forward in a recording'],
  ['?', 'this help'],
];

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=range]), select, textarea');

const close = (): void => {
  if (isHelpOpen.value) isHelpOpen.value = false;
  else if (actionForm.value !== undefined) actionForm.value = undefined;
  else if (chosenBar.value !== undefined) chosenBar.value = undefined;
  else if (view.value === 'pods' && chosenPod.value !== undefined) chosenPod.value = undefined;
  else search.value = '';
};

const handlers: Readonly<Record<string, () => void>> = {
  '/': () => document.getElementById('search')?.focus(),
  '?': () => {
    isHelpOpen.value = !isHelpOpen.value;
  },
  f: followNewest,
  t: changeTheme,
  l: () => {
    isLarge.value = !isLarge.value;
  },
  ',': () => seek(position.value - 5_000_000),
  '.': () => seek(position.value + 5_000_000),
};

export const listenToKeys = (): void => {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === 'Escape') {
      close();
      if (isTyping(event.target) && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (isTyping(event.target)) return;
    const chosen = views[Number(event.key) - 1];
    if (chosen !== undefined) {
      showView(chosen);
      return;
    }
    // A button that has the focus is pressed by the space bar.
    const isOnButton = event.target instanceof HTMLElement && event.target.matches('button, a, summary');
    if (event.key === ' ' && recording.value !== undefined && !isOnButton) {
      event.preventDefault();
      if (isPlaying.value && position.value < durationOf(recording.value)) pause();
      else play();
      return;
    }
    const handler = handlers[event.key];
    if (handler === undefined) return;
    event.preventDefault();
    handler();
  });
};
