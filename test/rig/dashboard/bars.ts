/** Reads the bars that the lanes of a page show. */

import type {Page} from 'playwright-core';

export interface ShownBar {
  /** Its accessible name without the time: `containerd: RunPodSandbox, 109 ms` */
  readonly name: string;
  /** Pixels from the left of the page. */
  readonly left: number;
}

/** The bars of one lane, in the order of time. */
export const shownBars = async (page: Page, lane: string): Promise<readonly ShownBar[]> => {
  const bars = await page.locator(`.bar[data-lane="${lane}"]`).evaluateAll((all) =>
    all.map((bar) => ({
      at: Number(bar.getAttribute('data-start')),
      name: bar.getAttribute('aria-label') ?? '',
      left: bar.getBoundingClientRect().left,
    })),
  );
  return bars
    .toSorted((a, b) => a.at - b.at)
    .map(({name, left}) => ({name: name.replace(/, at .*$/, ''), left}));
};

export const barsIn = async (page: Page, lane: string): Promise<readonly string[]> =>
  (await shownBars(page, lane)).map(({name}) => name);
