import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import type {FeedMessage} from '../../src/dashboard/feed.ts';
import {readRecording} from '../../src/dashboard/recording.ts';
import {project} from '../../src/project.ts';

const file = join(project.root, 'docs/recordings/run.ndjson');

it('the recording in the docs is whole, small, and has all that a page can show', async () => {
  const {content, isCut} = await readRecording(file);
  expect(isCut).toBe(false);
  expect((await stat(file)).size).toBeLessThan(400_000);
  const messages = content
    .toString()
    .trimEnd()
    .split('\n')
    .map((line): FeedMessage => JSON.parse(line));
  const events = messages.filter((message) => message.type === 'event');
  const nodes = messages.filter((message) => message.type === 'snapshot').map((message) => message.nodes);
  expect(events.filter(({pod}) => pod === 'default/hello').map(({kind}) => kind)).toEqual(
    expect.arrayContaining([
      'pod-created',
      'pod-scheduled',
      'pod-ip',
      'pod-ready',
      'pod-deleting',
      'pod-gone',
      'volume-mount',
      'sandbox-starting',
      'sandbox-started',
      'container-creating',
      'container-created',
      'container-starting',
      'container-started',
      'sandbox-stopping',
      'sandbox-stopped',
      'sandbox-removing',
      'sandbox-removed',
      'rpc-began',
      'rpc-ended',
      'plugin-began',
      'plugin-ended',
      'netns-created',
      'netns-deleted',
      'address-assigned',
      'address-released',
    ]),
  );
  expect(nodes[0]).toHaveLength(2);
  expect(events.some(({kind, error}) => kind === 'plugin-ended' && error !== undefined)).toBe(true);
  expect(nodes.some((each) => each.some(({ready, reason}) => ready === false && reason))).toBe(true);
  expect(nodes.some((each) => each.some(({silent}) => silent !== undefined))).toBe(true);
  expect(nodes.at(-1)?.every(({ready}) => ready)).toBe(true);
});
