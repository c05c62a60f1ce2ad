/** No view has a serious accessibility problem, in light and dark colours. */

import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import type {AxeResults} from 'axe-core';
import type {Page} from 'playwright-core';
import {describe, expect, it} from 'vitest';
import {useBrowser} from '../rig/dashboard/browse.ts';
import {inOrder, madePod} from '../rig/dashboard/made-pod.ts';
import {serveLive} from '../rig/dashboard/page-server.ts';
import {snapshotOf} from '../rig/dashboard/snapshots.ts';
import {beginning, crowd, story} from '../rig/dashboard/stories.ts';

const {visit, replay} = useBrowser();
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The serious and critical problems, with the elements that have them. */
const problemsOf = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe);
  const {violations}: AxeResults = await page.evaluate('axe.run()');
  return violations
    .filter(({impact}) => impact === 'serious' || impact === 'critical')
    .flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html}\n${failureSummary}`));
};

describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
  it.each(['topology', 'nodes', 'pods', 'log'])('the view %s is accessible', async (view) => {
    const page = await replay(story(), 53.5, {colorScheme, at: `#${view}`});
    await page.locator(`.view-${view}`).waitFor();
    expect(await problemsOf(page)).toEqual([]);
  });

  it('a life with a failure and its request is accessible', async () => {
    const page = await replay(story(), 45, {colorScheme});
    await page.getByRole('option', {name: 'flaky'}).first().click();
    await page.getByRole('button', {name: 'KNI runtime: AttachInterface, 74 ms, failed'}).click();
    expect(await problemsOf(page)).toEqual([]);
  });

  it('a topology of a hundred pods with a search is accessible', async () => {
    const page = await replay(crowd(100, 100_000), 13.5, {colorScheme, at: '#topology'});
    await page.locator('.tile').nth(99).waitFor();
    expect(await problemsOf(page)).toEqual([]);
  });

  it('the details of a pod, actions and the help are accessible', async () => {
    const served = await serveLive(inOrder([snapshotOf(beginning, [madePod('default/web', 2)])]), {
      inspect: async () => ({
        status: 200,
        inspection: {differences: [{what: 'recorded, but not in the kernel: 10.244.1.3/24'}]},
      }),
    });
    const page = await visit(served, {colorScheme, at: '#pods'});
    await page.getByRole('option', {name: 'web'}).click();
    await page.getByText('1 difference').waitFor();
    expect(await problemsOf(page)).toEqual([]);
    await page.getByRole('button', {name: 'Actions'}).click();
    expect(await problemsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await problemsOf(page)).toEqual([]);
  });
});
