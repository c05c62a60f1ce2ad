/** Measures how smooth the dashboard's page is while events come: `npm run bench:page`. */

import {setTimeout as sleep} from 'node:timers/promises';
import type {CDPSession} from 'playwright-core';
import {startBrowser} from '../../rig/dashboard/browser.ts';
import {inOrder} from '../../rig/dashboard/made-pod.ts';
import {serveLive} from '../../rig/dashboard/page-server.ts';
import {snapshotOf} from '../../rig/dashboard/snapshots.ts';
import {crowd} from '../../rig/dashboard/stories.ts';

const perSecond = 200;
const seconds = 20;
/** Messages are sent that often, in ms. */
const every = 50;

/** Collects the times between two frames in `window.frames`, and tasks of more than 50 ms in `window.longTasks`; in ms. */
const watchFrames = `
  window.frames = [];
  window.longTasks = [];
  new PerformanceObserver((list) => {
    for (const {duration} of list.getEntries()) window.longTasks.push(duration);
  }).observe({type: 'longtask'});
  let before;
  const next = (now) => {
    if (before !== undefined) window.frames.push(now - before);
    before = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);`;

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN;

/** Seconds of CPU time of the page's main thread, by the kind of work. */
const cpuTimes = async (session: CDPSession): Promise<ReadonlyMap<string, number>> => {
  const {metrics} = await session.send('Performance.getMetrics');
  return new Map(metrics.map(({name, value}) => [name, value]));
};

export const measureFrames = async (): Promise<void> => {
  const browser = await startBrowser();
  try {
    for (const view of ['life', 'topology', 'pods', 'log']) {
      const now = Date.now() * 1000;
      // A pod has 34 messages.
      const messages = crowd(Math.ceil((perSecond * seconds) / 30), 150_000, now).filter(
        ({type}) => type === 'event',
      );
      const served = await serveLive(inOrder([snapshotOf(now, [])]));
      const page = await browser.newPage({viewport: {width: 1920, height: 1080}});
      const session = await page.context().newCDPSession(page);
      await page.goto(`${served.url}#${view}`);
      await page.waitForTimeout(500);
      await page.evaluate(watchFrames);
      // CPU time, which does not depend on what else the machine does.
      await session.send('Performance.enable', {timeDomain: 'threadTicks'});
      const cpuBefore = await cpuTimes(session);
      const begun = performance.now();
      let sent = 0;
      while (sent < perSecond * seconds) {
        const due = Math.min(
          Math.floor(((performance.now() - begun) / 1000) * perSecond),
          perSecond * seconds,
        );
        served.send(messages.slice(sent, due));
        sent = due;
        await sleep(every);
      }
      await page.waitForTimeout(500);
      const frames = (await page.evaluate<number[]>('window.frames')).sort((a, b) => a - b);
      const cpu = await cpuTimes(session);
      const perSecondOf = (name: string): string =>
        (((cpu.get(name) ?? 0) - (cpuBefore.get(name) ?? 0)) * (1_000 / seconds)).toFixed(0);
      const longTasks = await page.evaluate<number[]>('window.longTasks');
      await session.send('HeapProfiler.collectGarbage');
      const {usedSize} = await session.send('Runtime.getHeapUsage');
      const [p50, p95, most] = [0.5, 0.95, 1].map((share) => percentile(frames, share).toFixed(0));
      process.stdout.write(
        `${view.padEnd(9)} ${sent} events in ${seconds} s: frames p50 ${p50} ms, p95 ${p95} ms, max ${most} ms; ${longTasks.length} long tasks; CPU ${perSecondOf('TaskDuration')} ms/s (scripts ${perSecondOf('ScriptDuration')}, styles ${perSecondOf('RecalcStyleDuration')}, layout ${perSecondOf('LayoutDuration')}); heap ${(usedSize / 1e6).toFixed(0)} MB\n`,
      );
      await page.close();
      await served.close();
    }
  } finally {
    await browser.close();
  }
};
