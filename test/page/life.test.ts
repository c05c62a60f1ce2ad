/** The life of a pod on the page, in a real browser. */

import {describe, expect, it} from 'vitest';
import {barsIn} from '../rig/dashboard/bars.ts';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod} from '../rig/dashboard/made-pod.ts';
import {serveLive} from '../rig/dashboard/page-server.ts';
import {podStart} from '../rig/dashboard/pod-life.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, story} from '../rig/dashboard/stories.ts';
import {until} from '../rig/wait.ts';

const {visit, replay} = useBrowser();
const web = madePod('default/web', 2);

describe('the life of a pod', () => {
  it('appears while the pod starts, with complete lanes in the order of time', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning - 2_000_000, [])]));
    const page = await visit(served);
    await page.getByText('No pod yet').waitFor();
    served.send(inOrder(podStart(web, beginning)));
    await page.getByRole('heading', {name: 'web', exact: true}).waitFor();
    await page.locator('.facts').getByText('10.244.1.3/24').waitFor();
    expect(await barsIn(page, 'pod')).toEqual([
      'Pod: created, known to the second',
      'Pod: Scheduled, known to the second',
      'Pod: IP 10.244.1.3, known to the second',
      'Pod: Ready, known to the second',
    ]);
    expect(await barsIn(page, 'containerd')).toEqual([
      'containerd: RunPodSandbox, 109 ms',
      'containerd: CreateContainer, 36 ms',
      'containerd: StartContainer, 143 ms',
    ]);
    expect(await barsIn(page, 'kubelet')).toEqual(['kubelet: mount volume']);
    expect(await barsIn(page, 'runtime')).toEqual([
      'KNI runtime: CreateNetwork, 4.0 ms',
      'KNI runtime: netns created',
      'KNI runtime: AttachInterface, 29 ms',
      'KNI runtime: 10.244.1.3/24 on eth0',
      'KNI runtime: QueryPodNetwork, 0.3 ms',
    ]);
    expect(await barsIn(page, 'plugin bridge')).toEqual(['bridge: ADD, 21 ms']);
    expect(await barsIn(page, 'plugin portmap')).toEqual(['portmap: ADD, 2.1 ms']);
  });

  it('shows the request and the response of a call', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    await page.getByRole('button', {name: 'KNI runtime: AttachInterface, 29 ms'}).click();
    const detail = page.getByRole('region', {name: 'Request and response'});
    await detail.getByText('kubelet → KNI runtime').waitFor();
    const text = await detail.innerText();
    expect(text).toContain('"example.org/token": "(hidden)"');
    expect(text).toContain('"hostPort": 8080');
    expect(text).toMatch(/Response[^]*OK[^]*"ip": \["10\.244\.1\.5"\]/);
    const chosen = page.getByRole('option', {selected: true}).filter({hasText: 'AttachInterface ok 29 ms'});
    await expect.poll(() => chosen.count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByText('Choose a bar').waitFor();
  });

  it.each([
    ['web', 25, 'KNI runtime: AttachInterface, 29 ms'],
    ['flaky', 45, 'portmap: ADD, 12 ms, failed'],
  ])('shows all lanes of %s beside a request in large text', async (pod, seconds, bar) => {
    const page = await replay(story(), seconds, {at: '?large'});
    await page.getByRole('option', {name: pod}).first().click();
    await page.getByRole('button', {name: bar}).click();
    const lanes = page.locator('.lanes-scroll');
    const hidden = () => lanes.evaluate((element) => element.scrollHeight - element.clientHeight);
    await until('all lanes are visible', async () => (await hidden()) <= 0);
    const detail = page.getByRole('region', {name: 'Request and response'});
    const edge = (await detail.getByRole('button', {name: 'Close'}).boundingBox())?.x ?? 1280;
    expect(edge).toBeLessThan(1260);
    await page.keyboard.press('Escape');
    await page.getByRole('option', {name: pod}).first().waitFor();
    await until('all lanes are visible', async () => (await hidden()) <= 0);
  });

  it('shows the facts of a call without a body', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    await page.getByRole('button', {name: 'bridge: ADD, 21 ms'}).click();
    const detail = page.getByRole('region', {name: 'Request and response'});
    await detail.getByText('default/web').waitFor();
    expect(await detail.getByText('empty').count()).toBe(1);
  });

  it('shows a failure and its rollback', async () => {
    const page = await replay(story(), 45);
    await page.getByRole('option', {name: 'flaky'}).first().click();
    await page.getByRole('button', {name: 'portmap: ADD, 12 ms, failed'}).click();
    await page
      .getByRole('region', {name: 'Request and response'})
      .getByText('unable to create chain')
      .waitFor();
    expect(await barsIn(page, 'plugin bridge')).toEqual([
      'bridge: ADD, 21 ms',
      'bridge: DEL, 28 ms, rollback',
      'bridge: ADD, 21 ms',
    ]);
  });

  it('can be read with the keyboard alone', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('listbox', {name: 'Pods, newest first'}).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    await page.locator('.facts-name').getByText('web').waitFor();
    await page.keyboard.press('ArrowRight');
    const first = page.locator('.bar:focus');
    const names = [await first.getAttribute('aria-label')];
    for (let step = 0; step < 3; step += 1) {
      await page.keyboard.press('ArrowRight');
      names.push(await page.locator('.bar:focus').getAttribute('aria-label'));
    }
    expect(names.map((name) => name?.split(',')[0])).toEqual([
      'Pod: created',
      'Pod: Scheduled',
      'kubelet: mount volume',
      'KNI runtime: CreateNetwork',
    ]);
    await page.keyboard.press('Enter');
    await page
      .getByRole('region', {name: 'Request and response'})
      .getByText('kubelet → KNI runtime')
      .waitFor();
    const width = async (): Promise<number> => (await page.locator('.bar:focus').boundingBox())?.width ?? 0;
    const before = await width();
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('+');
    await until('the bar is wider', async () => (await width()) > 2 * before);
    await page.keyboard.press('0');
    await until('the whole life is shown', async () => (await width()) === before);
  });

  it('has one stop for Tab at all bars, before the events and the request', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    await page.getByRole('button', {name: 'Show the whole life'}).focus();
    await page.keyboard.press('Tab');
    expect(await page.locator('.bar:focus').getAttribute('aria-label')).toMatch(/^Pod: created/);
    await page.keyboard.press('Tab');
    await page.locator('.event-list:focus').waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.locator('.detail button:focus').waitFor();
  });

  it('follows the newest pod until another one is chosen', async () => {
    const served = await serveLive(
      inOrder([snapshotOf(beginning - 2_000_000, []), ...podStart(web, beginning)]),
    );
    const page = await visit(served);
    const name = page.locator('.facts-name');
    await name.getByText('web').waitFor();
    served.send(inOrder(podStart(madePod('default/next', 4), beginning + 5_000_000, 20)));
    await name.getByText('next').waitFor();
    await page.getByRole('option', {name: 'web'}).first().click();
    served.send(inOrder(podStart(madePod('default/third', 6), beginning + 9_000_000, 40)));
    await page.getByRole('option', {name: 'third'}).first().waitFor();
    await expect.poll(() => name.innerText()).toBe('web');
    await page.keyboard.press('f');
    await name.getByText('third').waitFor();
  });
});
