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

/** Reorders the text after it. */
const reversing = 'ok\u202egnp.exe';
const longWord = 'w'.repeat(1_500);
/** NUL, the escape of a terminal, and half of a character. */
const invisible = 'nul\u0000 escape\u001b[31m half\ud800';
const attach = {...event, rpc: 'AttachInterface', call: 900, node: pod.node};
const request = JSON.stringify({
  name: markup,
  namespace: invisible,
  labels: {[longWord]: longWord, app: 'שלום'},
  annotations: {[markup]: '(hidden)', [reversing]: '(hidden)', ['__proto__']: '(hidden)'},
});
const response = JSON.stringify({[markup]: {ip: [script, reversing]}, extradata: {[invisible]: longWord}});
/** Such a text is not JSON any more. */
const cut = `${request.slice(0, 200)}${reversing}…`;

const messages: readonly FeedMessage[] = inOrder([
  startMessage(beginning - 1),
  snapshotOf(beginning, [pod]),
  ...podCreated(pod, beginning),
  ...podFails(pod, beginning),
  timed(beginning + 1_000_000, {...event, kind: markup}),
  timed(beginning + 1_000_001, {...event, kind: 'rpc-ended', rpc: markup, call: 9, error: markup, ms: 1}),
  timed(beginning + 1_100_000, {...attach, kind: 'rpc-began', request}),
  timed(beginning + 1_107_000, {
    ...attach,
    kind: 'rpc-ended',
    ms: 7,
    status: markup,
    error: `${markup} ${reversing} ${invisible} ${longWord}`,
    response,
  }),
  timed(beginning + 1_200_000, {
    ...attach,
    call: 901,
    kind: 'rpc-began',
    rpc: 'DetachInterface',
    request: cut,
  }),
  timed(beginning + 1_208_000, {...attach, call: 901, kind: 'rpc-ended', rpc: 'DetachInterface', ms: 8}),
  timed(beginning + 1_000_002, {type: 'log', node: markup, level: 'error', msg: markup, error: markup}),
  timed(beginning + 1_000_003, {type: 'lost', reason: `${markup} ${reversing}`}),
]);

/** Shows the requests and the responses of both calls. */
const openCalls = async (page: Page): Promise<void> => {
  await page.keyboard.press('1');
  const pane = page.getByRole('region', {name: 'Request and response'});
  await page.getByRole('button', {name: /AttachInterface, 7\.0 ms, failed/}).click();
  await pane.getByText('"annotations"').waitFor();
  const text = await pane.innerText();
  // The markup is in the request, twice in the response, and in its error and status.
  expect(text.split('window.hacked=1').length).toBeGreaterThan(5);
  expect(text).toContain(String.raw`"ok\u202egnp.exe": "(hidden)"`);
  expect(text).toContain(String.raw`"nul\u0000 escape\u001b[31m half\ud800"`);
  expect(text).toContain(`"${longWord}"`);
  expect(text).toContain('"__proto__": "(hidden)"');
  expect(text).toContain('שלום');
  expect(text).not.toMatch(/[\p{Bidi_Control}\p{Cs}]/u);
  expect(await widerThanItsBox(page)).toEqual([]);
  await page.getByRole('button', {name: /DetachInterface, 8\.0 ms/}).click();
  await pane.getByText('cut this text').waitFor();
  expect(await pane.innerText()).toContain(String.raw`ok\u202egnp.exe…`);
  expect(await widerThanItsBox(page)).toEqual([]);
  await pane.getByRole('button', {name: 'Close'}).click();
};

/** Elements of the page and of the shown call whose text sticks out. */
const widerThanItsBox = (page: Page): Promise<readonly string[]> =>
  page
    .locator('body, .life, .detail, .detail *')
    .evaluateAll((all) =>
      all
        .filter(({scrollWidth, clientWidth}) => clientWidth > 0 && scrollWidth > clientWidth)
        .map((element) => `${element.tagName} ${element.className}`),
    );

/** Texts, titles and labels with a character that changes the direction of the text. */
const reorderedIn = (page: Page): Promise<readonly string[]> =>
  page
    .locator('body *')
    .evaluateAll((all) =>
      all
        .flatMap((element) => [
          ...[...element.childNodes].filter(({nodeType}) => nodeType === 3).map(({nodeValue}) => nodeValue),
          element.getAttribute('title'),
          element.getAttribute('aria-label'),
        ])
        .filter((text): text is string => /\p{Bidi_Control}/u.test(text ?? '')),
    );

/** The effects of the text after all views have shown it. */
const effectsIn = async (page: Page) => {
  for (const view of ['1', '2', '3', '4', '5']) {
    await page.keyboard.press(view);
    await page.getByText('window.hacked=1').first().waitFor();
    expect(await reorderedIn(page)).toEqual([]);
  }
  await openCalls(page);
  return {
    images: await page.locator('.hostile').count(),
    scripts: await page.locator('script', {hasText: /^window\.hacked/}).count(),
    hacked: await page.evaluate('window.hacked'),
  };
};

/** A cluster whose nodes, networks and pods give reasons that reorder text. */
const hostileNodes = (): readonly FeedMessage[] =>
  inOrder([snapshotOf(beginning, [madePod('default/web', 2)])]).map((message) =>
    message.type === 'snapshot'
      ? {
          ...message,
          nodes: message.nodes.map((node) => ({
            ...node,
            ready: false,
            reason: reversing,
            silent: reversing,
            networks: node.networks.map((network) => ({...network, ready: false, reason: reversing})),
          })),
          pods: message.pods.map((each) => ({...each, ready: false, reason: reversing})),
        }
      : message,
  );

const nothing = {images: 0, scripts: 0, hacked: undefined};

describe('text of others stays text', () => {
  it('in the state of nodes and networks, and in the details of a pod', async () => {
    const [nodes, error] = [hostileNodes(), `${reversing} ${invisible}`];
    const inspect = async () => ({
      status: 200 as const,
      inspection: {
        record: {lacks: [reversing]},
        kernel: {routes: [{to: reversing}]},
        differences: [{what: reversing}],
        timeline: [{offset: 1, what: reversing, error}],
      },
    });
    const page = await visit(await serveLive(nodes, {inspect}));
    for (const [view, count] of [
      ['2', 1],
      ['3', 2],
      ['4', 1],
    ] as const) {
      await page.keyboard.press(view);
      if (view === '4') await page.getByRole('option', {name: 'web'}).click();
      await expect
        .poll(() => page.getByText(String.raw`ok\u202egnp.exe`).count())
        .toBeGreaterThanOrEqual(count);
      if (view === '4') await page.locator('.timeline').waitFor();
      expect(await reorderedIn(page)).toEqual([]);
    }
  });

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
