/** Measures the memory of a tab that is open for a long time: `npm run bench:page -- --minutes 60`. */

import {readFile} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Browser, Page} from 'playwright-core';
import {startBrowser} from '../../rig/dashboard/browser.ts';
import {inOrder, type MadePod, madePod, type Timed} from '../../rig/dashboard/made-pod.ts';
import {serveLive} from '../../rig/dashboard/page-server.ts';
import {podEnds, podStart} from '../../rig/dashboard/pod-life.ts';
import {snapshotOf} from '../../rig/dashboard/snapshots.ts';

const second = 1_000_000;
/** A pod has about 40 events: 5 each second. */
const every = 8 * second;
/** Once a minute, 25 pods come and go within five seconds: 200 events each second. */
const burst = {pods: 25, spacing: 0.2 * second, every: 60 * second};
/** Pods that run at a time. */
const alive = 30;
/** Milliseconds between two messages to the tab, and the microseconds between two snapshots. */
const step = 50;
const snapshots = 2 * second;

const now = (): number => Math.round((performance.timeOrigin + performance.now()) * 1000);

/** The messages of the churn, when they are due. */
const createChurn = (begin: number) => {
  let waiting: Timed[] = [];
  let running: readonly MadePod[] = [];
  let count = 0;
  const next = {pod: begin, burst: begin + burst.every / 2, snapshot: begin};
  const newPod = (): MadePod => {
    const index = count++;
    const address = `10.244.${index % 2 === 0 ? 1 : 0}.${2 + (Math.floor(index / 2) % 250)}`;
    return madePod(`default/web-${index}`, index, {address});
  };
  const replaceOldest = (at: number): void => {
    const made = newPod();
    const [oldest] = running;
    waiting.push(...podStart(made, at, count * 100));
    if (oldest !== undefined && running.length >= alive)
      waiting.push(...podEnds(oldest, at, count * 100 + 50));
    running = [...running.slice(running.length >= alive ? 1 : 0), made];
  };
  return (at: number) => {
    for (; next.pod <= at; next.pod += every) replaceOldest(next.pod);
    for (; next.burst <= at; next.burst += burst.every)
      for (let pod = 0; pod < burst.pods; pod++) replaceOldest(next.burst + pod * burst.spacing);
    for (; next.snapshot <= at; next.snapshot += snapshots) waiting.push(snapshotOf(next.snapshot, running));
    const due = waiting.filter((message) => message.at <= at);
    waiting = waiting.filter((message) => message.at > at);
    return inOrder(due);
  };
};

/** In MB: the heap before and after a collection of garbage, and the memory of the renderer. */
interface Memory {
  readonly before: number;
  readonly after: number;
  /** Of the largest renderer process: all its memory, and what it shares with no file, as the browser's task manager shows it. */
  readonly rss: number;
  readonly anonymous: number;
}

const mb = 1_000_000;

const memoryOf = async (browser: Browser, page: Page): Promise<Memory> => {
  const renderer = await rendererOf(browser);
  const session = await page.context().newCDPSession(page);
  const heap = async (): Promise<number> => (await session.send('Runtime.getHeapUsage')).usedSize / mb;
  const before = await heap();
  await session.send('HeapProfiler.collectGarbage');
  const after = await heap();
  await session.detach();
  return {before, after, ...renderer};
};

const rendererOf = async (browser: Browser): Promise<Pick<Memory, 'rss' | 'anonymous'>> => {
  const session = await browser.newBrowserCDPSession();
  const {processInfo} = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = await Promise.all(
    processInfo
      .filter(({type}) => type === 'renderer')
      .map(async ({id}) => {
        const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '');
        const sizeOf = (name: string): number =>
          (Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024) / mb;
        return {rss: sizeOf('Rss'), anonymous: sizeOf('Anonymous')};
      }),
  );
  return sizes.toSorted((a, b) => b.anonymous - a.anonymous)[0] ?? {rss: 0, anonymous: 0};
};

const inMb = (value: number): string => `${value.toFixed(1)} MB`;

export const measureMemory = async (minutes: number): Promise<void> => {
  const browser = await startBrowser();
  const served = await serveLive([]);
  try {
    const page = await browser.newPage({viewport: {width: 1280, height: 720}});
    await page.goto(served.url);
    const begun = now();
    const messagesAt = createChurn(begun);
    let events = 0;
    for (let minute = 0; minute <= minutes; ) {
      const at = now();
      const messages = messagesAt(at);
      events += messages.filter(({type}) => type === 'event').length;
      served.send(messages);
      if (at - begun >= minute * 60 * second) {
        const {before, after, rss, anonymous} = await memoryOf(browser, page);
        process.stdout.write(
          `${minute} min, ${events} events: heap ${inMb(after)} (${inMb(before)} before a collection), renderer ${inMb(anonymous)}, with the program's files ${inMb(rss)}\n`,
        );
        minute += 1;
        // Another view for each minute.
        await page.keyboard.press(String((minute % 5) + 1));
      }
      await sleep(step);
    }
    const shown = await page.locator('.connection').getAttribute('title');
    const missed = await page.getByText('This page was too slow').count();
    process.stdout.write(
      `sent ${events} events; the page shows ${shown}; it missed ${missed === 0 ? 'none' : 'some'}\n`,
    );
  } finally {
    await browser.close();
    await served.close();
  }
};
