import {describe, expect, it} from 'vitest';
import {refuseOldClient} from '../../src/changes/old-client.ts';
import type {Host} from '../../src/host/host.ts';

const nodeWith = (help: string): Host => ({run: async () => ({stdout: help, stderr: ''})});
const {signal} = new AbortController();

describe('a node whose kni-runtime command is old', () => {
  it.each([
    ['networks', 'release-sandboxes'],
    ['networks release-sandboxes', 'release-sandboxes --force'],
  ])('with %s only is refused for %s', async (help, feature) => {
    await expect(
      refuseOldClient(nodeWith(help), {to: 'switch node a', feature}, signal),
    ).rejects.toMatchObject({
      what: 'cannot switch node a',
      why: `its kni-runtime command is too old: it has no ${feature}`,
      errorCode: 'KNI-E119',
    });
    await refuseOldClient(nodeWith(`${help} ${feature}`), {to: 'switch node a', feature}, signal);
  });
});
