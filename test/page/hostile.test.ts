/** Text of pods, errors and log lines never becomes markup or a script. */

import {writeFile} from 'node:fs/promises';
import {pathToFileURL} from 'node:url';
import type {Page} from 'playwright-core';
import {describe, expect, it} from 'vitest';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod, timed} from '../rig/dashboard/made-pod.ts';
import {exportPage, serveLive, serveReplay} from '../rig/dashboard/page-server.ts';
import {podCreated, podFails} from '../rig/dashboard/pod-life.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, startMessage} from '../rig/dashboard/stories.ts';
import {tempDir} from '../rig/temp-dir.ts';

const {visit} = useBrowser();

const script = '</script><script>window.hacked=1</script>';
const markup = `"'><img class=hostile src=x onerror="window.hacked=1">${script}<!--`;
const pod = madePod(`default/${markup}`, 2);
const event = {type: 'event', version: 1, source: 'runtime', pod: pod.pod, uid: pod.uid};
const messages: readonly FeedMessage[] = inOrder([
  startMessage(beginning - 1),
  snapshotOf(beginning, [pod]),
  ...podCreated(pod, beginning),
  ...podFails(pod, beginning),
  timed(beginning + 1_000_000, {...event, kind: markup}),
  timed(beginning + 1_000_001, {...event, kind: 'rpc-ended', rpc: markup, call: 9, error: markup, ms: 1}),
  timed(beginning + 1_000_002, {type: 'log', node: markup, level: 'error', msg: markup, error: markup}),
  timed(beginning + 1_000_003, {type: 'lost', reason: markup}),
]);

/** The effects of the text after all views have shown it. */
const effectsIn = async (page: Page) => {
  for (const view of ['1', '2', '3', '4', '5']) {
    await page.keyboard.press(view);
    await page.getByText('window.hacked=1').first().waitFor();
  }
  return {
    images: await page.locator('.hostile').count(),
    scripts: await page.locator('script', {hasText: /^window\.hacked/}).count(),
    hacked: await page.evaluate('window.hacked'),
  };
};

const nothing = {images: 0, scripts: 0, hacked: undefined};

describe('text of others stays text', () => {
  it('in a live page', async () => {
    expect(await effectsIn(await visit(await serveLive(messages)))).toEqual(nothing);
  });

  it('in a replay', async () => {
    expect(await effectsIn(await visit(await serveReplay(messages, 10)))).toEqual(nothing);
  });

  it('in an exported page', async () => {
    await using dir = await tempDir();
    const file = dir.join('page.html');
    await writeFile(file, await exportPage(messages));
    const page = await visit({url: pathToFileURL(file).href, close: async () => undefined});
    expect(await effectsIn(page)).toEqual(nothing);
  });
});
