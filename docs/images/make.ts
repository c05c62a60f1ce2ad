/**
 * `npm run docs:images` makes the pictures of docs/dashboard.md, in the browser of the tests, from the recorded run in docs/recordings.
 * Only the hundred pods are made up.
 */

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Page} from 'playwright-core';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {project} from '../../src/project.ts';
import {startBrowser} from '../../test/rig/dashboard/browser.ts';
import {serveReplay} from '../../test/rig/dashboard/page-server.ts';
import {crowd} from '../../test/rig/dashboard/stories.ts';

interface Picture {
  readonly name: string;
  readonly recording: readonly FeedMessage[];
  /** Seconds after the beginning of the recording. */
  readonly at: number;
  readonly view: string;
  readonly theme: 'light' | 'dark';
  readonly prepare?: (page: Page) => Promise<void>;
}

/** Shows the first bar of this name in the life of a pod. */
const choose =
  (pod: string, bar: RegExp) =>
  async (page: Page): Promise<void> => {
    await page.getByRole('option', {name: pod}).first().click();
    await page.getByRole('button', {name: bar}).first().click();
  };

const run = (await readFile(join(project.root, 'docs/recordings/run.ndjson'), 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line): FeedMessage => JSON.parse(line));

const pictures: readonly Picture[] = [
  {
    name: 'life',
    recording: run,
    at: 26,
    view: 'life',
    theme: 'light',
    prepare: choose('hello', /KNI runtime: AttachInterface/),
  },
  {
    name: 'failure',
    recording: run,
    at: 66,
    view: 'life',
    theme: 'dark',
    prepare: choose('kni-drill/pod', /tuning: ADD, .* failed/),
  },
  {name: 'topology', recording: crowd(100, 100_000), at: 14, view: 'topology', theme: 'light'},
  {name: 'nodes', recording: run, at: 172, view: 'nodes', theme: 'light'},
];

const browser = await startBrowser();
try {
  for (const {name, recording, at, view, theme, prepare} of pictures) {
    const served = await serveReplay(recording);
    const page = await browser.newPage({viewport: {width: 1280, height: 720}, reducedMotion: 'reduce'});
    await page.goto(`${served.url}?theme=${theme}#${view}`);
    await page.getByRole('button', {name: 'Pause'}).click();
    const slider = page.getByRole('slider', {name: 'Position in the recording'});
    await slider.fill(String(at * 1_000_000));
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
