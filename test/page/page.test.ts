/** The frame of the page: connection, replay, actions, keys, sizes. */

import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {gzipSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod, timed} from '../rig/dashboard/made-pod.ts';
import {builtPage, exportPage, serveLive, serveReplay} from '../rig/dashboard/page-server.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, crowd, story} from '../rig/dashboard/stories.ts';
import {tempDir} from '../rig/temp-dir.ts';

const {visit, blank, replay} = useBrowser();
const web = madePod('default/web', 2);
const views = ['life', 'topology', 'nodes', 'pods', 'log'] as const;

describe('the page', () => {
  it('is small', async () => {
    const {html, script, style} = await builtPage();
    expect(gzipSync(html + script + style).length).toBeLessThan(150_000);
  });

  it('switches views with keys and keeps the view in the URL', async () => {
    const page = await replay(story(), 25);
    for (const [index, view] of views.entries()) {
      await page.keyboard.press(String(index + 1));
      await page.locator(`.view-${view}`).waitFor();
      expect(new URL(page.url()).hash).toBe(`#${view}`);
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  });

  it.each([
    ['1280 × 720', {viewport: {width: 1280, height: 720}, at: ''}],
    ['1920 × 1080', {viewport: {width: 1920, height: 1080}, at: ''}],
    ['1280 × 720, large', {viewport: {width: 1280, height: 720}, at: '?large'}],
  ])('needs no scrolling of the page at %s', async (_, {at, viewport}) => {
    const page = await replay(story(), 45, {viewport, at});
    for (const view of views) {
      await page.keyboard.press(String(views.indexOf(view) + 1));
      await page.locator(`.view-${view}`).waitFor();
      const main = await page.locator('#main').boundingBox();
      const player = await page.getByRole('contentinfo').boundingBox();
      expect(main?.width).toBe(viewport.width);
      expect((player?.y ?? 0) + (player?.height ?? 0)).toBeLessThanOrEqual(viewport.height);
      for (const box of await page.locator('#main > *').all()) {
        const {x = 0, width = 0} = (await box.boundingBox()) ?? {};
        expect(x + width).toBeLessThanOrEqual(viewport.width);
      }
    }
  });

  it('is dark or light as the system, or as the user says', async () => {
    const page = await replay(story(), 25, {colorScheme: 'dark'});
    const background = (): Promise<string> =>
      page.evaluate('getComputedStyle(document.body).backgroundColor');
    const dark = await background();
    await page.getByRole('button', {name: /Colours/}).click();
    expect(await background()).toBe(dark);
    await page.getByRole('button', {name: /Colours/}).click();
    expect(await background()).not.toBe(dark);
  });
});

describe('a replay', () => {
  it('plays, pauses, and goes to any position', async () => {
    const page = await replay(story(), 0);
    const time = page.locator('.player-time');
    const slider = page.getByRole('slider', {name: 'Position in the recording'});
    await page.getByText('cart-5d9c7b8f4').first().waitFor();
    await slider.fill('24000000');
    await page.getByRole('option', {name: 'web'}).first().waitFor();
    await slider.fill('10000000');
    await expect.poll(() => page.getByRole('option', {name: 'web'}).count()).toBe(0);
    await page.getByRole('combobox', {name: 'Speed'}).selectOption('10');
    await page.keyboard.press('Space');
    await page.getByRole('button', {name: 'Pause'}).waitFor();
    await page.getByRole('option', {name: 'flaky'}).first().waitFor();
    await page.getByRole('button', {name: 'Play'}).waitFor();
    await expect.poll(() => time.innerText()).toBe('1:07.5 / 1:07.5');
    await page.keyboard.press(',');
    await expect.poll(() => time.innerText()).toBe('1:02.5 / 1:07.5');
  });

  it('has no actions', async () => {
    const page = await replay(story(), 25);
    await expect.poll(() => page.getByRole('button', {name: 'Actions'}).count()).toBe(0);
  });

  it('says that its recording cannot be loaded', async () => {
    const served = await serveReplay(story());
    onTestFinished(() => served.close());
    const page = await blank();
    await page.route('**/recording', (route) => route.fulfill({status: 500, body: 'no recording'}));
    await page.goto(served.url);
    await page.getByRole('heading', {name: 'Cannot load the recording'}).waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('Cannot read the data of this page');
  });

  it('opens from the disk, as one file that makes no request', async () => {
    await using directory = await tempDir();
    const file = join(directory.path, 'page.html');
    await writeFile(file, await exportPage(story()));
    const page = await visit({url: pathToFileURL(file).href, close: async () => undefined});
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.getByRole('button', {name: 'Pause'}).click();
    await page.getByRole('slider', {name: 'Position in the recording'}).fill('25000000');
    await page.getByRole('option', {name: 'web'}).first().waitFor();
    await page.keyboard.press('2');
    await page.getByRole('article', {name: 'Node test1-worker'}).waitFor();
    expect(requests).toEqual([]);
  });
});

describe('large text', () => {
  it.each([
    [1280, 720, '19px'],
    [1920, 1080, '24px'],
  ])('grows with a window of %d × %d', async (width, height, size) => {
    const page = await replay(story(), 25, {at: '?large', viewport: {width: 1000, height: 700}});
    await page.setViewportSize({width, height});
    const fontSize = () => page.evaluate('getComputedStyle(document.documentElement).fontSize');
    await expect.poll(fontSize).toBe(size);
  });
});

describe('a live page', () => {
  it('says that the cluster is lost, and when it is back', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]));
    const page = await visit(served, {at: '#nodes'});
    await page.getByText('live', {exact: true}).waitFor();
    served.send(inOrder([timed(beginning + 1, {type: 'lost', reason: 'its nodes are stopped'})]));
    await page.getByRole('alert').getByText('its nodes are stopped').waitFor();
    await page.getByRole('article', {name: 'Node test1-worker'}).waitFor();
    served.send(inOrder([timed(beginning + 2, {type: 'back'})]));
    await page.getByText('live', {exact: true}).waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  });

  it('runs an action and shows the command line that does the same', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]));
    const page = await visit(served);
    await page.getByRole('button', {name: 'Actions'}).click();
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await panel.getByRole('textbox', {name: 'Name'}).fill('mypod');
    await panel.getByRole('combobox', {name: 'Node'}).selectOption('test1-worker');
    await panel.getByText('kni-demo pod create mypod --node test1-worker').waitFor();
    await panel.getByRole('button', {name: 'Run'}).click();
    await panel.getByText('pod web-1 is Ready').waitFor();
    await panel.getByText('kni-demo pod create web-1 --name test1').waitFor();
    expect(served.actions).toEqual([{action: 'create-pod', name: 'mypod', node: 'test1-worker'}]);
    await page.keyboard.press('Escape');
    await expect.poll(() => panel.count()).toBe(0);
  });

  it('runs an action with the keyboard alone', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]));
    const page = await visit(served);
    const button = page.getByRole('button', {name: 'Actions'});
    await button.press('Enter');
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await panel.locator('select:focus').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type('0');
    await page.keyboard.press('Enter');
    await panel.getByText('✓ done').waitFor();
    expect(served.actions).toEqual([{action: 'create-pod', name: expect.stringMatching(/0/)}]);
    await page.keyboard.press('Escape');
    await page.locator('.button:focus', {hasText: 'Actions'}).waitFor();
    expect(await panel.count()).toBe(0);
  });

  it('names the cluster in the command line unless it is the usual one', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]), {cluster: 'demo'});
    const page = await visit(served);
    await page.getByRole('button', {name: 'Actions'}).click();
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await panel.getByRole('textbox', {name: 'Name'}).fill('mypod');
    await expect
      .poll(() => panel.getByText(/^kni-demo /).textContent())
      .toBe('kni-demo pod create mypod --name demo');
  });

  it('goes by the clock of the dashboard, not by that of the browser', async () => {
    const now = Date.now() * 1000;
    const served = await serveLive(inOrder([snapshotOf(now, [web])]));
    const page = await visit(served, {at: '#nodes'});
    await page.clock.setFixedTime(Date.now() + 24 * 3_600_000);
    await page.reload();
    const worker = page.getByRole('article', {name: 'Node test1-worker'});
    await worker.getByText(/^for 28 min/).waitFor();
    await page.waitForTimeout(2_500); // more than two ticks
    await expect.poll(() => worker.getByText(/^for 2\d min/).count()).toBe(1);
  });

  it('offers to stop the network runtime of a node', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]));
    const page = await visit(served, {at: '#nodes'});
    const worker = page.getByRole('article', {name: 'Node test1-worker'});
    await worker.getByRole('button', {name: 'Stop network runtime…'}).click();
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await panel.getByText('kni-demo stop --runtime-of test1-worker').waitFor();
    await panel.getByRole('button', {name: 'Run'}).click();
    await panel.getByText('✓ done').waitFor();
    expect(served.actions).toEqual([{action: 'stop-runtime', node: 'test1-worker'}]);
  });

  it('has no actions when it is read-only', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]), {isReadOnly: true});
    const page = await visit(served, {at: '#nodes'});
    await page.getByRole('article', {name: 'Node test1-worker'}).waitFor();
    await expect.poll(() => page.getByRole('button', {name: 'Actions'}).count()).toBe(0);
    await expect.poll(() => page.getByText('Stop network runtime').count()).toBe(0);
  });

  it('gets everything again when a tab is opened later', async () => {
    const served = await serveLive(crowd(20, 100_000));
    const page = await visit(served, {at: '#pods'});
    await page.getByText('26 pods').waitFor();
    await page.reload();
    await page.getByText('26 pods').waitFor();
    await expect.poll(() => page.getByRole('option').count()).toBeGreaterThanOrEqual(26);
  });
});
