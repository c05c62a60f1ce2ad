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
/** Pixels of the page's base font: lengths in the style sheet are multiples. */
export const fontSize = (): number => (isLarge.value ? 19 : 14);

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
  effect(() => {
    document.documentElement.dataset['theme'] = theme.value;
    document.documentElement.style.fontSize = `${fontSize()}px`;
  });
};
