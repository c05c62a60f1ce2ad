/** The memory of a tab that is open for an hour, and of a long recording. */

import type {Page} from 'playwright-core';
import {expect, it} from 'vitest';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {serveLive, serveReplay} from '../rig/dashboard/page-server.ts';
import {churn, startMessage} from '../rig/dashboard/stories.ts';

const {visit} = useBrowser();
const second = 1_000_000;
const mb = 1_000_000;
const views = ['life', 'topology', 'nodes', 'pods', 'log'] as const;
/** A new pod every two seconds, each for one minute. */
const hour = {pods: 1_800, every: 2 * second, alive: 30};

/** Bytes of the heap after a collection of garbage. */
const heapOf = async (page: Page): Promise<number> => {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const {usedSize} = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
};

/** The page has shown all events that it was sent. */
const shown = async (page: Page, events: number): Promise<void> => {
  const count = async (): Promise<number> =>
    Number.parseInt((await page.locator('.connection').getAttribute('title')) ?? '', 10);
  await expect.poll(count, {timeout: 60_000}).toBe(events);
};

it('a tab needs less than 150 MB in an hour of churn, in every view', async () => {
  const from = Date.now() * 1000 - hour.pods * hour.every;
  const served = await serveLive([]);
  const page = await visit(served);
  const heaps: number[] = [];
  let events = 0;
  let waiting = 0;
  for (const messages of churn({...hour, from})) {
    served.send(messages);
    const added = messages.filter(({type}) => type === 'event').length;
    events += added;
    waiting += added;
    // A real hour has 14 events per second; the server drops those that a tab does not read in time.
    if (waiting < 2_000) continue;
    waiting = 0;
    await shown(page, events);
    heaps.push(await heapOf(page));
    await page.keyboard.press(String((heaps.length % views.length) + 1));
  }
  expect(events).toBeGreaterThan(50_000);
  expect(await page.getByText('This page was too slow').count()).toBe(0);
  process.stderr.write(`heap in MB: ${heaps.map((each) => Math.round(each / mb)).join(' ')}\n`);
  expect(Math.max(...heaps)).toBeLessThan(150 * mb);
  // It does not grow any more, once the page has all that it remembers.
  const [middle, last] = [heaps[Math.floor(heaps.length / 2)] ?? 0, heaps.at(-1) ?? 0];
  expect(last).toBeLessThan(middle * 1.3 + 5 * mb);
}, 1_200_000);

it('a recording with 200,000 events opens, and goes to any position', async () => {
  const from = Date.UTC(2026, 10, 28, 12) * 1000;
  const messages = [
    startMessage(from - 1),
    ...[...churn({pods: 6_300, every: second / 2, alive: 5, from})].flat(),
  ].map((message) => ({...message}));
  expect(messages.filter(({type}) => type === 'event').length).toBeGreaterThan(200_000);
  const served = await serveReplay(messages);
  const page = await visit(served);
  const time = page.locator('.player-time');
  const slider = page.getByRole('slider', {name: 'Position in the recording'});
  await page.getByRole('button', {name: 'Pause'}).click();
  const durations: number[] = [];
  for (const seconds of [3_149, 1_000, 2_500]) {
    const begun = performance.now();
    await slider.fill(String(seconds * second));
    await expect.poll(() => time.innerText()).toMatch(new RegExp(`^${Math.floor(seconds / 60)}:`));
    durations.push(Math.round(performance.now() - begun));
    await page.getByRole('option').first().waitFor();
  }
  expect(await page.locator('.player-marks rect').count()).toBeLessThanOrEqual(1_503);
  process.stderr.write(
    `seek in ms: ${durations.join(' ')}; heap ${Math.round((await heapOf(page)) / mb)} MB\n`,
  );
  expect(await heapOf(page)).toBeLessThan(1_000 * mb);
}, 600_000);
