/** Opens pages in the browser of the tests. */

import {type Browser, type BrowserContextOptions, type Page} from 'playwright-core';
import {beforeAll, expect, onTestFinished} from 'vitest';
import type {FeedMessage} from '../../../src/dashboard/feed.ts';
import {startBrowser} from './browser.ts';
import {type ServedPage, serveReplay} from './page-server.ts';

export interface Visit extends BrowserContextOptions {
  /** Added to the URL: `?theme=dark#topology` */
  readonly at?: string;
}

export interface Visitor {
  /** A page without errors in its console: each is one of the test. */
  readonly visit: (served: ServedPage, options?: Visit) => Promise<Page>;
  /** An empty page, whose console may have errors. */
  readonly blank: () => Promise<Page>;
  /** A recording, paused at some seconds after its beginning. */
  readonly replay: (recording: readonly FeedMessage[], seconds: number, options?: Visit) => Promise<Page>;
}

/** Milliseconds. A busy machine draws late. */
const patience = 100_000;

/** One browser for the tests of a file. `flags` are flags of chromium. */
export const useBrowser = (...flags: readonly string[]): Visitor => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(flags);
    return () => browser.close();
  });
  const visit: Visitor['visit'] = async (served, {at = '', ...options} = {}) => {
    const context = await browser.newContext({
      viewport: {width: 1280, height: 720},
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const errors: string[] = [];
    let changes = 0;
    page.on('console', (message) => {
      if (message.text().includes('ERR_NETWORK_CHANGED')) changes += 1;
      else if (message.type() === 'error') errors.push(message.text());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    onTestFinished(async () => {
      await context.close();
      await served.close();
      expect(errors).toEqual([]);
    });
    // Chromium aborts requests when an interface of the machine changes, for example because a container starts.
    await page.goto(served.url + at);
    for (let before = 0; before < changes; ) {
      before = changes;
      await page.reload();
    }
    return page;
  };
  return {
    visit,
    async blank() {
      const context = await browser.newContext();
      context.setDefaultTimeout(patience);
      onTestFinished(() => context.close());
      return context.newPage();
    },
    async replay(recording, seconds, options) {
      const page = await visit(await serveReplay(recording), options);
      await page.getByRole('button', {name: 'Pause'}).click();
      await page.getByRole('slider', {name: 'Position in the recording'}).fill(String(seconds * 1_000_000));
      return page;
    },
  };
};
