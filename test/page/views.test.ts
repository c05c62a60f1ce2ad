/** The other views of the page, in a real browser. */

import {describe, expect, it} from 'vitest';
import type {FeedMessage, NodeSnapshot} from '../../src/dashboard/feed.ts';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod, timed} from '../rig/dashboard/made-pod.ts';
import {serveLive} from '../rig/dashboard/page-server.ts';
import {podEnds, podStart} from '../rig/dashboard/pod-life.ts';
import {silence, snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, crowd, longName, story} from '../rig/dashboard/stories.ts';

const {visit, replay} = useBrowser();
const second = 1_000_000;
const web = madePod('default/web', 2, {hostPort: 8080});

describe('the topology', () => {
  it('shows the node and the bridge of each pod, and how the nodes reach each other', async () => {
    const page = await replay(story(), 46, {at: '#topology'});
    const worker = page.getByRole('article', {name: 'Node test1-worker'});
    await worker.getByRole('button', {name: 'web'}).waitFor();
    const bridge = worker.getByRole('region', {name: 'Bridge kni0'});
    await expect.poll(() => bridge.getByRole('listitem').count()).toBe(4);
    await expect.poll(() => bridge.getByRole('button', {name: 'web'}).innerText()).toContain('10.244.1.5');
    await expect.poll(() => bridge.getByRole('button', {name: 'web'}).innerText()).toContain(':8080→80');
    const ways = page.getByRole('region', {name: 'Between the nodes'});
    await expect.poll(() => ways.innerText()).toContain('10.244.1.0/24');
  });

  it('shows tunnels between the nodes', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web], {isTunnelled: true})]));
    const page = await visit(served, {at: '#topology'});
    const ways = page.getByRole('region', {name: 'Between the nodes'});
    await ways.getByRole('heading', {name: 'Tunnels (vxlan)'}).waitFor();
    await expect.poll(() => ways.innerText()).toContain('vxlan 1 kni.vxlan');
  });

  it('shows what comes and what goes', async () => {
    // The page forgets by the clock of the machine.
    const now = Date.now() * 1000;
    const served = await serveLive(inOrder([snapshotOf(now - 2 * second, [])]));
    const page = await visit(served, {at: '#topology'});
    await page.getByText('No pods with a network of their own.').first().waitFor();
    served.send(inOrder([...podStart(web, now), snapshotOf(now + 2 * second, [web])]));
    await page.locator('.tile-new', {hasText: 'web'}).waitFor();
    const changes = page.getByRole('region', {name: 'Changes of the networks'});
    await changes.getByText('10.244.1.3/24 on eth0').waitFor();
    served.send(inOrder(podEnds(web, now + 5 * second)));
    await page.locator('.tile-removed', {hasText: 'web'}).waitFor();
    await changes.getByText('10.244.1.3/24 released').waitFor();
    await expect.poll(() => page.locator('.tile-new').count()).toBe(0);
  });

  it('moves in the changes with the arrow keys, and opens one with Enter', async () => {
    const page = await replay(crowd(3, 100_000), 5, {at: '#topology'});
    const changes = page.getByRole('listbox', {name: 'Changes of the networks'});
    await changes.focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => changes.getByRole('option', {selected: true}).count()).toBe(1);
    await page.keyboard.press('Enter');
    await page.getByRole('region', {name: /^Life of pod default/}).waitFor();
  });

  it.each([
    ['small', {width: 1280, height: 720}, '?large#pods'],
    ['narrow', {width: 700, height: 800}, '#pods'],
  ])('shows whole columns of the pods beside the facts of one on a %s screen', async (_, viewport, at) => {
    const page = await replay(crowd(3, 100_000), 5, {at, viewport});
    const table = page.getByRole('listbox', {name: 'Pods'});
    await table.getByRole('option').first().click();
    await page.getByRole('complementary', {name: /^Pod /}).waitFor();
    const right = await table.evaluate((element) => element.getBoundingClientRect().right);
    const cells = table.getByRole('option').first().locator('.pods-columns > *');
    const edges = await cells.evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().right));
    expect(edges.length).toBe(7);
    expect(Math.max(...edges)).toBeLessThanOrEqual(right);
    await table.getByText('10.244.').first().waitFor();
  });

  it('groups a hundred pods, and finds some of them', async () => {
    const page = await replay(crowd(100, 100_000), 14, {at: '#topology'});
    const groups = page.getByRole('group', {name: 'api'});
    await groups.first().waitFor();
    await expect.poll(() => groups.count()).toBe(2);
    await expect.poll(() => page.locator('.tile').count()).toBe(100);
    await page.keyboard.press('/');
    await page.keyboard.type('10.244.1.21');
    await page.locator('.tile-found').first().waitFor();
    await expect.poll(() => page.locator('.tile-found').count()).toBe(1);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.tile-dim').count()).toBe(0);
  });
});

/** A snapshot with other nodes. */
const snapshotWith = (
  change: (nodes: readonly NodeSnapshot[]) => readonly NodeSnapshot[],
): readonly FeedMessage[] =>
  inOrder([snapshotOf(beginning, [])]).map((message) =>
    message.type === 'snapshot' ? {...message, nodes: change(message.nodes)} : message,
  );

describe('nodes and networks', () => {
  it('say why a node is not ready and since when, and ready again when it is', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web], {silent: 'test1-worker'})]));
    const page = await visit(served, {at: '#nodes'});
    const worker = page.getByRole('article', {name: 'Node test1-worker'});
    await worker.getByText('NotReady').waitFor();
    const text = await worker.innerText();
    expect(text).toContain(silence);
    expect(text).toContain('for 3.0 s');
    served.send(inOrder([snapshotOf(beginning + 5 * second, [web])]));
    await worker.getByText('Ready', {exact: true}).first().waitFor();
    await expect.poll(() => worker.innerText()).toContain('1 of 253 addresses');
  });

  it.each(['#nodes', '#topology'])(
    'show the whole names of four nodes with two addresses each (%s)',
    async (at) => {
      const snapshot = snapshotWith((nodes) =>
        ['control-plane', 'worker', 'worker2', 'worker3'].flatMap((name, index) =>
          nodes.slice(0, 1).map((node) => ({
            ...node,
            name: `test1-${name}`,
            addresses: [`172.18.0.${index + 2}`, `fc00:f853:ccd:e793::${index + 2}`],
          })),
        ),
      );
      const page = await visit(await serveLive(snapshot), {at});
      const names = page.getByRole('article').getByRole('heading', {level: 2});
      await names.last().waitFor();
      const cut = await names.evaluateAll((all) =>
        all.flatMap(({scrollWidth, clientWidth, textContent}) =>
          scrollWidth > clientWidth ? [textContent] : [],
        ),
      );
      expect(await names.count()).toBe(4);
      expect(cut).toEqual([]);
    },
  );

  it('show in red that a network has few free addresses', async () => {
    const snapshot = snapshotWith((nodes) =>
      nodes.map((node, index) => ({
        ...node,
        networks: [{name: 'kni', ready: true, capacity: 100, used: index === 0 ? 50 : 99}],
      })),
    );
    const page = await visit(await serveLive(snapshot), {at: '#nodes'});
    await page.getByRole('meter').first().waitFor();
    const levels: readonly string[] = await page.evaluate(
      "[...document.querySelectorAll('meter')].map((each) => getComputedStyle(each).getPropertyValue('--level'))",
    );
    expect(new Set(levels).size).toBe(2);
    // The style of a browser's own part of an element cannot be read, but a rule that it does not understand is missing.
    const rules: readonly string[] = await page.evaluate(
      '[...document.styleSheets].flatMap(({cssRules}) => [...cssRules].map(({cssText}) => cssText))',
    );
    expect(rules.filter((rule) => /optimum-value.*--level/.test(rule))).toHaveLength(1);
  });
});

describe('pods', () => {
  it('are filtered by the search, and shown with what the node has on record', async () => {
    const page = await replay(story(), 46, {at: '#pods'});
    const rows = page.getByRole('listbox', {name: 'Pods'}).getByRole('option');
    await rows.first().waitFor();
    await expect.poll(() => rows.count()).toBe(12);
    await page.locator('#search').fill('8080');
    await expect.poll(() => rows.count()).toBe(1);
    await rows.click();
    const detail = page.getByRole('complementary', {name: 'Pod default/web'});
    await expect.poll(() => detail.innerText()).toContain('*:8080/TCP → 80');
  });

  it('show the differences between record, kernel and API server', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [web])]), {
      inspect: async () => ({
        status: 200,
        inspection: {
          differences: [{interface: 'eth0', what: 'recorded, but not in the kernel: 10.244.1.3/24'}],
          kernel: {
            interfaces: [{name: 'eth0', addresses: [], mtu: 1500, nodeSide: {name: 'veth1', master: 'kni0'}}],
            routes: [],
          },
        },
      }),
    });
    const page = await visit(served, {at: '#pods'});
    await page.getByRole('option', {name: 'web'}).click();
    const detail = page.getByRole('complementary', {name: 'Pod default/web'});
    await detail.getByText('1 difference').waitFor();
    await expect
      .poll(() => detail.innerText())
      .toContain('eth0: recorded, but not in the kernel: 10.244.1.3/24');
    await expect.poll(() => detail.innerText()).toContain('veth veth1 on kni0');
  });
});

describe('the log', () => {
  it('is filtered by source, and leads to the bar of an entry', async () => {
    const page = await replay(story(), 46, {at: '#log'});
    const rows = page.getByRole('listbox', {name: 'Log'}).getByRole('option');
    await rows.first().waitFor();
    for (const source of ['kubelet', 'containerd', 'API server', 'runtime’s log', 'kni-demo'])
      await page.getByRole('button', {name: source, exact: true}).click();
    await page.locator('#search').fill('portmap failed 12');
    await expect.poll(() => rows.count()).toBe(1);
    await rows.dblclick();
    await page.getByRole('region', {name: 'Life of pod default/flaky'}).waitFor();
    await page.getByRole('button', {name: 'portmap: ADD, 12 ms, failed', pressed: true}).waitFor();
  });

  it('stays where the user scrolled it when the page forgets its oldest lines', async () => {
    const lines = (first: number, count: number) =>
      inOrder(
        Array.from({length: count}, (_, index) =>
          timed(beginning + (first + index) * 1_000, {
            type: 'log',
            level: 'info',
            node: 'test1-worker',
            msg: `line ${first + index}`,
          }),
        ),
      );
    const served = await serveLive([...inOrder([snapshotOf(beginning - second, [])]), ...lines(0, 6_000)]);
    const page = await visit(served, {at: '#log'});
    const log = page.getByRole('listbox', {name: 'Log'});
    await log.getByText('line 5999', {exact: true}).waitFor();
    await log.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
    const row = log.getByText('line 3004', {exact: true});
    const before = (await row.boundingBox())?.y;
    served.send(lines(6_000, 500));
    await expect
      .poll(() => log.getByRole('option').first().getAttribute('aria-posinset').then(Number))
      .toBeLessThan(2_700);
    expect((await row.boundingBox())?.y).toBe(before);
    await log.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await log.getByText('line 6499', {exact: true}).waitFor();
    served.send(lines(6_500, 10));
    await log.getByText('line 6509', {exact: true}).waitFor();
  });
});

describe('actions', () => {
  it.each(['life', 'topology', 'pods'])('leave the view %s visible beside them', async (view) => {
    const served = await serveLive(inOrder([...podStart(web, beginning), snapshotOf(beginning, [web])]));
    const page = await visit(served, {at: `#${view}`});
    await page.getByRole('button', {name: 'Actions'}).click();
    const panel = await page.getByRole('complementary', {name: 'Actions'}).boundingBox();
    const shown = await page.locator(`main > .${view}`).boundingBox();
    expect((shown?.x ?? 0) + (shown?.width ?? 0)).toBeLessThanOrEqual((panel?.x ?? 0) + 1);
    expect(shown?.width).toBeGreaterThan(800);
    await page.keyboard.press('l');
    const large = async () => await page.locator(`main > .${view}`).boundingBox();
    await expect.poll(async () => (await large())?.width).toBeGreaterThan(800);
  });
});

describe('names', () => {
  it('may be long, and in any script', async () => {
    const page = await replay(story(), 25, {at: '#topology'});
    await page.getByRole('button', {name: '数据库-主节点'}).waitFor();
    const long = page.getByRole('button', {name: longName.slice('default/'.length)});
    const [box, card] = [await long.boundingBox(), await page.getByRole('article').first().boundingBox()];
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((card?.x ?? 0) + (card?.width ?? 0));
  });
});
