/** The request and the response of a call, beside its lanes and its events. */

import type {Locator, Page} from 'playwright-core';
import {describe, expect, it} from 'vitest';
import {createHub} from '../../src/dashboard/hub.ts';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod, timed} from '../rig/dashboard/made-pod.ts';
import {serveLive} from '../rig/dashboard/page-server.ts';
import {failure, podCreated, podFails, podStart} from '../rig/dashboard/pod-life.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, story} from '../rig/dashboard/stories.ts';
import {until} from '../rig/wait.ts';

const {visit, replay} = useBrowser();

interface Edges {
  readonly top: number;
  readonly bottom: number;
}

const edgesOf = async (element: Locator): Promise<Edges> => {
  const {y = 0, height = 0} = (await element.boundingBox()) ?? {};
  return {top: y, bottom: y + height};
};

const eventsOf = (page: Page): Locator =>
  page.getByRole('listbox', {name: 'Events of this pod'}).getByRole('option');

const isWithin = async (inner: Locator, outer: Locator): Promise<boolean> => {
  const [a, b] = [await edgesOf(inner), await edgesOf(outer)];
  return a.top >= b.top - 1 && a.bottom <= b.bottom + 1 && a.bottom > a.top;
};

describe('a call', () => {
  it.each(['', '?large'])(
    'shows its address without scrolling, also after a long request (%s)',
    async (at) => {
      const page = await replay(story(), 25, {at});
      await page.getByRole('option', {name: 'web'}).first().click();
      await page.getByRole('button', {name: 'KNI runtime: AttachInterface, 29 ms'}).click();
      const response = page.getByRole('group', {name: 'Response'});
      const address = response.getByText('"ip": ["10.244.1.5"]');
      await expect.poll(() => isWithin(address, response)).toBe(true);
      const request = page.getByRole('group', {name: 'Request'});
      const hidden = await request.evaluate((element) => element.scrollHeight - element.clientHeight);
      expect(hidden).toBeGreaterThan(0);
      expect(await isWithin(response, page.locator('.detail'))).toBe(true);
    },
  );

  it('stays chosen when the page reconnects', async () => {
    const messages = inOrder(podStart(madePod('default/web', 2), beginning));
    const start = {version: 1, cluster: 'test1', readOnly: true, live: true, actions: [], drills: []};
    const hub = createHub({start});
    for (const message of messages) hub.publish(message);
    const page = await visit(await serveLive([], {hub}));
    await page.getByRole('button', {name: 'KNI runtime: AttachInterface'}).click();
    const response = page.getByRole('group', {name: 'Response'});
    await response.getByText('"ip": ["10.244.1.3"]').waitFor();
    const next = podStart(madePod('default/next', 4), beginning + 5_000_000, 20);
    for (const message of inOrder(next)) hub.publish(message);
    hub.publish({type: 'start', time: new Date().toISOString(), ...start});
    await page.getByText('No pod yet').waitFor();
    for (const message of [...messages, ...inOrder(next)]) hub.publish(message);
    await response.getByText('"ip": ["10.244.1.3"]').waitFor();
    await page.getByRole('option', {name: 'next'}).first().waitFor();
    expect(await page.locator('.facts-name').innerText()).toBe('web');
  });

  it('leaves all room to a request without a long response', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    await page.getByRole('button', {name: 'KNI runtime: CreateNetwork'}).click();
    const response = page.getByRole('group', {name: 'Response'});
    await response.waitFor();
    const [first, second] = [
      await edgesOf(page.getByRole('group', {name: 'Request'})),
      await edgesOf(response),
    ];
    expect(second.top - first.bottom).toBeLessThan(2);
    const hidden = await response.evaluate((element) => element.scrollHeight - element.clientHeight);
    expect(hidden).toBeLessThanOrEqual(0);
  });

  it('has its row in sight in the events, which go on at their end afterwards', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    const events = page.getByRole('listbox', {name: 'Events of this pod'});
    const last = events.getByRole('option').last();
    await expect.poll(() => isWithin(last, events)).toBe(true);
    await page.getByRole('button', {name: 'KNI runtime: CreateNetwork'}).click();
    const chosen = events.getByRole('option', {selected: true});
    await expect.poll(() => isWithin(chosen, events)).toBe(true);
    await page.keyboard.press('Escape');
    await expect.poll(() => isWithin(last, events)).toBe(true);
  });
});

describe('the events of a pod', () => {
  const topOf = (events: Locator) => events.evaluate((element) => element.scrollTop);

  it('stay where the user scrolled when a call is closed', async () => {
    const page = await replay(story(), 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    const events = page.getByRole('listbox', {name: 'Events of this pod'});
    await expect.poll(() => topOf(events)).toBeGreaterThan(0);
    await page.getByRole('button', {name: 'KNI runtime: CreateNetwork'}).click();
    await expect.poll(() => isWithin(events.getByRole('option', {selected: true}), events)).toBe(true);
    await events.evaluate((element) => element.scrollTo(0, element.scrollTop === 0 ? 20 : 0));
    const top = await topOf(events);
    await page.keyboard.press('Escape');
    await page.getByText('Choose a bar').waitFor();
    expect(await topOf(events)).toBe(top);
  });

  /** The story with a line of the log that belongs to no call, soon after the pod's first call. */
  const withLine = [
    ...story(),
    ...inOrder([
      timed(beginning + 2_540_000, {
        type: 'log',
        level: 'info',
        node: 'test1-worker',
        pod: 'default/web',
        msg: 'bridge kni0 is up',
      }),
    ]),
  ].toSorted((a, b) => (a.time < b.time ? -1 : 1));
  const positionOf = async (events: Locator) =>
    Number(await events.getByRole('option', {selected: true}).getAttribute('aria-posinset'));

  it.each([
    ['', {width: 1280, height: 720}],
    ['?large', {width: 1920, height: 1080}],
  ])('stay where they are when a row without a call is clicked (%s)', async (at, viewport) => {
    const page = await replay(withLine, 25, {at, viewport});
    await page.getByRole('option', {name: 'web'}).first().click();
    const events = page.getByRole('listbox', {name: 'Events of this pod'});
    await expect.poll(() => topOf(events)).toBeGreaterThan(0);
    await page.getByRole('button', {name: 'KNI runtime: CreateNetwork'}).click();
    await expect.poll(() => isWithin(events.getByRole('option', {selected: true}), events)).toBe(true);
    const top = await topOf(events);
    const line = events.getByRole('option', {name: 'bridge kni0 is up'});
    expect(await isWithin(line, events)).toBe(true);
    await line.click();
    await expect.poll(() => page.locator('.detail-chosen').count()).toBe(0);
    expect(await topOf(events)).toBe(top);
    await expect.poll(() => line.getAttribute('aria-selected')).toBe('true');
  });

  it('are all reached with the arrow keys, also those without a call and with the same call', async () => {
    const page = await replay(withLine, 25);
    await page.getByRole('option', {name: 'web'}).first().click();
    const events = page.getByRole('listbox', {name: 'Events of this pod'});
    await events.focus();
    const count = Number(await events.getByRole('option').last().getAttribute('aria-setsize'));
    expect(count).toBeGreaterThan(15);
    for (let position = 1; position <= count; position++) {
      await page.keyboard.press('ArrowDown');
      await until(`row ${position} is chosen`, async () => (await positionOf(events)) === position);
    }
    await expect.poll(() => isWithin(events.getByRole('option', {selected: true}), events)).toBe(true);
  });
});

describe('a pod that cannot start', () => {
  it('says why beside its facts', async () => {
    const flaky = madePod('default/flaky', 8);
    const served = await serveLive(
      inOrder([
        snapshotOf(beginning - 2_000_000, []),
        ...podCreated(flaky, beginning),
        ...podFails(flaky, beginning),
      ]),
    );
    const page = await visit(served);
    await expect.poll(() => page.locator('.life-error').innerText()).toBe(`✕ ${failure}`);
  });

  it('shows the whole error, also a long one in large text', async () => {
    const flaky = madePod('default/flaky', 8);
    const error = `${failure}: ${'the rollback failed, too: '.repeat(7)}netplugin failed with no error message`;
    const attempt = podFails(flaky, beginning).map((each) =>
      each.type === 'event' && each.error !== undefined ? {...each, error} : each,
    );
    const served = await serveLive(inOrder([...podCreated(flaky, beginning), ...attempt]));
    const page = await visit(served, {at: '?large'});
    const shown = page.locator('.life-error');
    await shown.waitFor();
    const hidden = await shown.evaluate(({scrollWidth, clientWidth, scrollHeight, clientHeight}) => [
      scrollWidth - clientWidth,
      scrollHeight - clientHeight,
    ]);
    expect(hidden).toEqual([0, 0]);
  });
});

describe('a pod with many failed attempts', () => {
  const flaky = madePod('default/flaky', 8);
  const attempt = (index: number) => podFails(flaky, beginning + index * 12_000_000, index * 20);
  const visitAttempts = async (count: number) => {
    const attempts = Array.from({length: count}, (_, index) => attempt(index)).flat();
    const served = await serveLive(
      inOrder([snapshotOf(beginning - 2_000_000, []), ...podCreated(flaky, beginning), ...attempts]),
    );
    const page = await visit(served);
    await page.locator('.life-error').waitFor();
    return {served, page, failed: page.getByRole('button', {name: /^KNI runtime: AttachInterface/})};
  };

  it('shows the bar of an early event', async () => {
    const {page, failed} = await visitAttempts(6);
    await expect.poll(() => failed.count()).toBe(3);
    const events = page.getByRole('listbox', {name: 'Events of this pod'});
    await events.evaluate((element) => element.scrollTo(0, 0));
    await events
      .getByRole('option', {name: /AttachInterface/})
      .first()
      .click();
    await expect.poll(() => page.locator('.bar[aria-pressed="true"]').count()).toBe(1);
    expect(await failed.count()).toBe(6);
    await page.keyboard.press('Escape');
    await expect.poll(() => failed.count()).toBe(3);
  });

  it('keeps a chosen bar, and one with the focus, while new attempts come', async () => {
    const {served, page, failed} = await visitAttempts(6);
    await expect.poll(() => failed.count()).toBe(3);
    await failed.first().click();
    const name = await page.locator('.bar:focus').getAttribute('aria-label');
    const before = await eventsOf(page).last().getAttribute('aria-setsize');
    served.send(inOrder([...attempt(6), ...attempt(7)]));
    await expect.poll(() => eventsOf(page).last().getAttribute('aria-setsize')).not.toBe(before);
    expect(await page.locator('.bar:focus[aria-pressed="true"]').getAttribute('aria-label')).toBe(name);
    expect(await failed.count()).toBe(3);
  });
});

describe('a cluster without pods', () => {
  it('offers to create one', async () => {
    const page = await visit(await serveLive(inOrder([snapshotOf(beginning, [])])));
    await page.getByRole('button', {name: 'Create a pod…'}).click();
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await expect.poll(() => panel.innerText()).toContain('kni-demo pod create web-1');
  });
});
