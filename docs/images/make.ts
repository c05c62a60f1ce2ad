/**
 * `npm run docs:images` makes the pictures of docs/dashboard.md, in the browser of the tests. The cluster on them is that of the tests of
 * the page; `npm run docs:images -- run.ndjson` shows a recording instead.
 */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Page} from 'playwright-core';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {project} from '../../src/project.ts';
import {startBrowser} from '../../test/rig/dashboard/browser.ts';
import {serveReplay} from '../../test/rig/dashboard/page-server.ts';
import {crowd, story} from '../../test/rig/dashboard/stories.ts';

interface Picture {
  readonly name: string;
  readonly recording: readonly FeedMessage[];
  /** Seconds after the beginning of the recording; without it, at its end. */
  readonly at?: number;
  readonly view: string;
  readonly theme: 'light' | 'dark';
  readonly prepare?: (page: Page) => Promise<void>;
}

/** Shows the first bar of this name in the life of a pod. */
const choose =
  (pod: string, bar: string) =>
  async (page: Page): Promise<void> => {
    await page.getByRole('option', {name: pod}).first().click();
    await page.getByRole('button', {name: bar}).first().click();
  };

const [file] = process.argv.slice(2);
const recorded =
  file === undefined
    ? undefined
    : (await readFile(file, 'utf8'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as FeedMessage);

const pictures: readonly Picture[] =
  recorded === undefined
    ? [
        {
          name: 'life',
          recording: story(),
          at: 25,
          view: 'life',
          theme: 'light',
          prepare: choose('web', 'AttachInterface'),
        },
        {
          name: 'failure',
          recording: story(),
          at: 45,
          view: 'life',
          theme: 'dark',
          prepare: choose('flaky', 'portmap: ADD, 12 ms'),
        },
        {name: 'topology', recording: crowd(100, 100_000), at: 14, view: 'topology', theme: 'light'},
        {name: 'nodes', recording: story(), at: 54, view: 'nodes', theme: 'light'},
      ]
    : (['life', 'topology', 'nodes', 'pods', 'log'] as const).map((view) => ({
        name: view,
        recording: recorded,
        view,
        theme: 'light' as const,
      }));

const browser = await startBrowser();
try {
  for (const {name, recording, at, view, theme, prepare} of pictures) {
    const served = await serveReplay(recording);
    const page = await browser.newPage({viewport: {width: 1280, height: 720}, reducedMotion: 'reduce'});
    await page.goto(`${served.url}?theme=${theme}#${view}`);
    await page.getByRole('button', {name: 'Pause'}).click();
    const slider = page.getByRole('slider', {name: 'Position in the recording'});
    const end = Number(await slider.getAttribute('max'));
    await slider.fill(String(at === undefined ? end : at * 1_000_000));
    await prepare?.(page);
    await page.waitForTimeout(300);
    const path = join(project.root, 'docs/images', `dashboard-${name}.png`);
    await page.screenshot({path});
    process.stdout.write(`${path}\n`);
    await page.close();
    await served.close();
  }
} finally {
  await browser.close();
}
