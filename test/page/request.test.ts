/** The request and the response of a call, beside its lanes and its events. */

import type {Locator} from 'playwright-core';
import {describe, expect, it} from 'vitest';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod} from '../rig/dashboard/made-pod.ts';
import {serveLive} from '../rig/dashboard/page-server.ts';
import {failure, podCreated, podFails} from '../rig/dashboard/pod-life.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, story} from '../rig/dashboard/stories.ts';

const {visit, replay} = useBrowser();

interface Edges {
  readonly top: number;
  readonly bottom: number;
}

const edgesOf = async (element: Locator): Promise<Edges> => {
  const {y = 0, height = 0} = (await element.boundingBox()) ?? {};
  return {top: y, bottom: y + height};
};

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
});

describe('a cluster without pods', () => {
  it('offers to create one', async () => {
    const page = await visit(await serveLive(inOrder([snapshotOf(beginning, [])])));
    await page.getByRole('button', {name: 'Create a pod…'}).click();
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await expect.poll(() => panel.innerText()).toContain('kni-demo pod create web-1');
  });
});
