/** Colours and size. The URL decides, then the user's last choice, then the system. */

import {effect, signal} from '@preact/signals';

export type Theme = 'light' | 'dark' | 'system';

const query = new URLSearchParams(location.search);
const isTheme = (text: string | null): text is Theme =>
  text === 'light' || text === 'dark' || text === 'system';

/** A page that is opened from disk may have no storage. */
const stored = (): string | null => {
  try {
    return localStorage.getItem('kni-demo theme');
  } catch {
    return null;
  }
};

const initial = [query.get('theme'), stored()].find(isTheme) ?? 'system';
export const theme = signal<Theme>(initial);
/** For projectors. */
export const isLarge = signal(query.has('large'));
const sizeOfWindow = () => ({width: innerWidth, height: innerHeight});
const windowSize = signal(sizeOfWindow());

/** Pixels. A projector shows more pixels on the same wall, so large text grows with them. */
const large = {least: 19, most: 32, perWidth: 1 / 80, perHeight: 1 / 45};
const largeFor = ({width, height}: {readonly width: number; readonly height: number}): number => {
  const fitting = Math.round(Math.min(width * large.perWidth, height * large.perHeight));
  return Math.min(Math.max(fitting, large.least), large.most);
};

/** Pixels of the page's base font: lengths in the style sheet are multiples. */
export const fontSize = (): number => (isLarge.value ? largeFor(windowSize.value) : 14);

const next = {system: 'dark', dark: 'light', light: 'system'} as const;

export const changeTheme = (): void => {
  theme.value = next[theme.value];
  try {
    localStorage.setItem('kni-demo theme', theme.value);
  } catch {
    // The choice is lost when the page is closed.
  }
};

export const applySettings = (): void => {
  addEventListener('resize', () => {
    windowSize.value = sizeOfWindow();
  });
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    document.documentElement.style.fontSize = `${fontSize()}px`;
  });
};
