/** The page of the dashboard in a real browser, on a real cluster. */

import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {Locator, Page} from 'playwright-core';
import {afterAll, beforeAll, describe, expect, it, onTestFinished} from 'vitest';
import {controlPlane, kubectl, named, worker} from '../../rig/cluster/cluster.ts';
import {useCluster} from '../../rig/cluster/fixture.ts';
import {kniDemo, type Running, start} from '../../rig/cluster/kni-demo.ts';
import {nodeMessage, nodeReadiness} from '../../rig/cluster/nodes.ts';
import {podIp, podReady} from '../../rig/cluster/pods.ts';
import {shownBars} from '../../rig/dashboard/bars.ts';
import {useBrowser} from '../../rig/dashboard/browse.ts';
import {until} from '../../rig/wait.ts';

useCluster();

const foreign = 'attacker.example';
// As a name server of an attacker does it.
const {visit, blank} = useBrowser(`--host-resolver-rules=MAP ${foreign} 127.0.0.1`);
const patience = {timeout: 180_000};

let dashboard: Running;
let url = '';

beforeAll(async () => {
  dashboard = start('dashboard', '--no-open', ...named);
  await dashboard.printed('Ctrl-C ends it');
  url = /http:\S+/.exec(dashboard.output())?.[0] ?? '';
});

afterAll(async () => {
  dashboard.interrupt();
  await dashboard.ended;
  await kniDemo('start', '--runtime-of', worker, ...named);
});

const open = (at: string): Promise<Page> => visit({url, close: async () => undefined}, {at});

/** Runs what the panel offers. Another kni-demo on this machine may hold the lock. */
const run = (panel: Locator): Promise<true> =>
  until('the action to succeed', async () => {
    await panel.getByRole('button', {name: 'Run', exact: true}).click(patience);
    await panel.getByRole('heading', {name: /✓ done|✕ failed/}).waitFor(patience);
    const output = await panel.locator('pre').innerText();
    if (output.includes('another kni-demo is running')) return undefined;
    await panel.getByRole('heading', {name: '✓ done'}).waitFor();
    return true;
  });

const createPod = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('button', {name: 'Actions'}).click();
  const panel = page.getByRole('complementary', {name: 'Actions'});
  await panel.getByRole('textbox', {name: 'Name'}).fill(name);
  await panel.getByRole('combobox', {name: 'Node'}).selectOption(worker);
  await run(panel);
  await page.keyboard.press('Escape');
};

/** The names of the bars, without durations. Expects each bar to the right of its predecessor. */
const namesInOrder = async (page: Page, lane: string): Promise<readonly string[]> => {
  const bars = await shownBars(page, lane);
  expect(bars.map(({left}) => left)).toEqual(bars.map(({left}) => left).toSorted((a, b) => a - b));
  return bars.map(({name}) => name.replace(/, [\d.]+ m?s$/, ''));
};

describe('the page of a running cluster', () => {
  it('creates a pod, and shows its whole life and the address of the API server', async () => {
    const page = await open('#life');
    await page.getByText('live', {exact: true}).waitFor(patience);
    await createPod(page, 'on-stage');
    await podReady('on-stage');
    await page.getByRole('option', {name: 'on-stage'}).first().click(patience);
    const life = page.getByRole('region', {name: 'Life of pod default/on-stage'});
    await life.locator('.facts').getByText('Ready', {exact: true}).waitFor(patience);
    const ip = await podIp('on-stage');
    await life.locator('.facts').getByText(`${ip}/24`).waitFor();
    await until('the container to be started', async () =>
      (await namesInOrder(page, 'containerd')).includes('containerd: StartContainer'),
    );
    expect(await namesInOrder(page, 'containerd')).toEqual([
      'containerd: RunPodSandbox',
      'containerd: CreateContainer',
      'containerd: StartContainer',
    ]);
    // The kubelet may query again.
    expect((await namesInOrder(page, 'runtime')).slice(0, 5)).toEqual([
      'KNI runtime: CreateNetwork',
      'KNI runtime: netns created',
      'KNI runtime: AttachInterface',
      `KNI runtime: ${ip}/24 on eth0`,
      'KNI runtime: QueryPodNetwork',
    ]);
    expect(await namesInOrder(page, 'plugin bridge')).toEqual(['bridge: ADD']);
    expect(await namesInOrder(page, 'plugin portmap')).toEqual(['portmap: ADD']);
    const pod = await namesInOrder(page, 'pod');
    expect(pod.slice(0, 2)).toEqual([
      'Pod: created, known to the second',
      'Pod: Scheduled, known to the second',
    ]);
    expect(pod).toContain(`Pod: IP ${ip}, known to the second`);
    expect(pod).toContain('Pod: Ready, known to the second');
    // A called program begins after its caller and ends before it.
    const edges = async (name: RegExp) => {
      const {x = 0, width = 0} = (await life.getByRole('button', {name}).first().boundingBox()) ?? {};
      return {from: x, to: x + width};
    };
    const [attach, add] = [await edges(/^KNI runtime: AttachInterface/), await edges(/^bridge: ADD/)];
    expect(attach.from).toBeLessThan(add.from);
    expect(add.to).toBeLessThan(attach.to);
    await life.getByRole('button', {name: /^KNI runtime: AttachInterface/}).click();
    const detail = page.getByRole('region', {name: 'Request and response'});
    await detail.getByText('"name": "on-stage"').waitFor();
    await detail.getByText(`"ip": ["${ip}"]`).waitFor();
  });

  it('shows the pod in the topology, until it is deleted', async () => {
    const page = await open('#topology');
    const node = page.getByRole('article', {name: `Node ${worker}`});
    const tile = node.getByRole('button', {name: 'on-stage'});
    await tile.getByText(await podIp('on-stage')).waitFor(patience);
    await kubectl('delete', 'pod', 'on-stage', '--wait=false');
    await tile.waitFor({state: 'detached', ...patience});
    const changes = page.getByRole('region', {name: 'Changes of the networks'});
    await expect.poll(() => changes.getByText('on-stage').count()).toBeGreaterThan(0);
  });

  it('stops the network runtime of a node, says why the node is NotReady, and starts it again', async () => {
    const page = await open('#nodes');
    const node = page.getByRole('article', {name: `Node ${worker}`});
    const panel = page.getByRole('complementary', {name: 'Actions'});
    await node.getByRole('button', {name: 'Stop network runtime…'}).click(patience);
    await panel.getByText(`kni-demo stop --runtime-of ${worker}`).waitFor();
    await run(panel);
    await nodeReadiness(worker, 'False');
    await node.getByText('NotReady', {exact: true}).waitFor(patience);
    await node.getByText(await nodeMessage(worker), {exact: true}).waitFor(patience);
    await node.getByText('the network runtime does not answer').first().waitFor(patience);
    const other = page.getByRole('article', {name: `Node ${controlPlane}`});
    expect(await other.getByText('NotReady').count()).toBe(0);
    await page.keyboard.press('Escape');
    await node.getByRole('button', {name: 'Start network runtime…'}).click(patience);
    await run(panel);
    await node.locator('header').getByText('Ready', {exact: true}).waitFor(patience);
    await node.getByRole('meter').waitFor(patience);
  });
});

describe('an attacker', () => {
  it('does not reach the page by a name of their own that leads to this machine', async () => {
    const page = await blank();
    const rebound = new URL(url);
    rebound.hostname = foreign;
    const answer = await page.goto(rebound.href);
    expect(answer?.status()).toBe(403);
    expect(await answer?.text()).toContain('unknown host');
  });

  it('cannot act without the token', async () => {
    const page = await blank();
    const {origin} = new URL(url);
    const answer = await page.goto(`${origin}/feed`);
    expect(answer?.status()).toBe(404);
    // The page has the right origin now, so only the token is missing.
    const status = await page.evaluate(`fetch('/actions', {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({action: 'stop-runtime', node: ${JSON.stringify(worker)}}),
    }).then(({status}) => status)`);
    expect(status).toBe(404);
  });

  it('cannot act from another web page, even with the token', async () => {
    const server = createServer((_, response) =>
      response.setHeader('content-type', 'text/html').end('<p>'),
    ).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    const page = await blank();
    const {port} = server.address() as AddressInfo;
    await page.goto(`http://${foreign}:${port}/`);
    const action = JSON.stringify({action: 'stop-runtime', node: worker});
    const fetched = page.evaluate(
      `fetch(${JSON.stringify(`${url}actions`)}, {method: 'POST', mode: 'no-cors', body: ${JSON.stringify(action)}})`,
    );
    await expect(fetched).rejects.toThrow('Failed to fetch');
    const answered = page.waitForResponse((response) => response.url() === `${url}actions`);
    // Its body is JSON: {…,"rest":"="}
    await page.setContent('<form method="post" enctype="text/plain"><input value=\'"}\'></form>');
    const [target, name] = [`${url}actions`, `${action.slice(0, -1)},"rest":"`].map((text) =>
      JSON.stringify(text),
    );
    await page.evaluate(`{
      const form = document.forms[0];
      form.action = ${target};
      form.elements[0].name = ${name};
      form.submit();
    }`);
    expect((await answered).status()).toBe(403);
    expect(await nodeMessage(worker)).not.toContain('KNI');
  });
});
