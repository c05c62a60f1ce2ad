import {describe, expect, it} from 'vitest';
import {readRecord, writeRecord} from '../../../src/cluster/cluster.ts';
import {UserError} from '../../../src/errors.ts';
import {exitCodes} from '../../../src/exit-codes.ts';
import {CommandError} from '../../../src/host/command-error.ts';
import type {DemoContext} from '../../../src/stages/context.ts';
import {findCluster} from '../../../src/stages/lib/find-cluster.ts';
import {cluster as clusterTask} from '../../../src/stages/setup/cluster.ts';
import {listNodeContainers, type NodeContainer} from '../../../src/tools/docker.ts';
import {exchange, rejection} from '../../rig/demo.ts';
import {
  after,
  askLeases,
  before,
  cluster,
  demoWith,
  image,
  leasesOf,
  makeCluster,
  ownNode,
  ps,
  running,
  start,
  startedAt,
} from '../../rig/demo-cluster.ts';
import {tempDir} from '../../rig/temp-dir.ts';

/** Nodes that have reported since they were started. */
const reported = startedAt(start) + exchange(askLeases, leasesOf(after));

const done = (context: DemoContext) => clusterTask.done?.(context, running);

/** Clusters that `up` must not touch. */
const refused: readonly [string, readonly NodeContainer[], string][] = [
  [
    'another user made it',
    [ownNode('test1-control-plane', {stack: undefined, image: 'kindest/node:v1'})],
    'test1-control-plane runs the image kindest/node:v1',
  ],
  [
    'a part of it is foreign',
    [ownNode('test1-control-plane'), ownNode('test1-worker', {stack: undefined, image: 'kindest/node:v1'})],
    'test1-worker runs the image kindest/node:v1',
  ],
  [
    'it was made from another image',
    cluster.map((each) => ({...each, image: 'kni-demo/node:old'})),
    `test1-control-plane runs kni-demo/node:old; the current sources build ${image}`,
  ],
  ['it has more workers', [...cluster, ownNode('test1-worker2')], 'it has 2 workers, not 1'],
  ['it has fewer workers', [ownNode('test1-control-plane')], 'it has 0 workers, not 1'],
  [
    'it is another one, and stopped',
    cluster.map((each) => ({...each, image: 'kni-demo/node:old', running: false})),
    `test1-control-plane runs kni-demo/node:old; the current sources build ${image}`,
  ],
];

describe('whether the cluster is there', () => {
  it('is true when all its nodes run, with or without a record', async () => {
    await using dir = await tempDir();
    const {host, context} = await demoWith(dir, ps(...cluster) + reported + ps(...cluster) + reported);
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
    await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image});
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
    host.verify();
  });

  it('is true when only the network runtime differs, which can be replaced', async () => {
    await using dir = await tempDir();
    const other = cluster.map((each) => ({...each, image: 'kni-demo/node:old', system: '0123456789abcdef'}));
    const {context} = await demoWith(dir, ps(...other) + reported);
    expect(await done(context)).toBe('running: test1-control-plane, test1-worker');
  });

  it('is false until each node has reported since its start, as after a reboot', async () => {
    await using dir = await tempDir();
    const {host, context} = await demoWith(
      dir,
      ps(...cluster) + startedAt(start) + exchange(askLeases, leasesOf(after, before)),
    );
    expect(await done(context)).toBeUndefined();
    host.verify();
  });

  it('is unknown while the API server does not answer', async () => {
    await using dir = await tempDir();
    const silent = exchange(askLeases, '2> connection refused', '[exit code 1]');
    const {context} = await demoWith(dir, ps(...cluster) + startedAt(start) + silent);
    expect((await rejection(Promise.resolve(done(context)), CommandError)).lastLine).toBe(
      'connection refused',
    );
  });

  it.each([
    ['no node exists', []],
    ['one is stopped', [ownNode('test1-control-plane'), ownNode('test1-worker', {running: false})]],
  ])('is false when %s', async (_, nodes) => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(...nodes));
    expect(await done(context)).toBeUndefined();
  });

  it('is false when its creation did not finish', async () => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(ownNode('test1-control-plane', {image: 'kni-demo/node:old'})));
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    expect(await done(context)).toBeUndefined();
  });

  it.each(refused)('is refused when %s', async (_, nodes, why) => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(...nodes) + ps(...nodes) + ps(...nodes));
    const early = (each: DemoContext) => findCluster(each, running.signal);
    for (const attempt of [done, makeCluster, early]) {
      expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
        why,
        exitCode: exitCodes.conflict,
      });
    }
    expect(await readRecord(context.dirs, 'test1')).toBeUndefined();
  });

  it.each([
    ['a worker', 'test1-worker2', cluster],
    ['the control plane', 'test1-control-plane', [ownNode('test1-worker'), ownNode('test1-worker2')]],
  ])('is refused when the container of %s was removed', async (_, removed, left) => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps(...left) + ps(...left));
    await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image, workers: 2});
    for (const attempt of [done, makeCluster])
      expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
        what: 'cluster test1 is incomplete',
        why: `the container of ${removed} was removed`,
        tryThis: 'recreate it: kni-demo down, then kni-demo up --workers 2',
        exitCode: exitCodes.conflict,
      });
  });

  it.each([
    ['a worker', [ownNode('test1-control-plane')], 'it has 0 workers, not 1'],
    ['the control plane', [ownNode('test1-worker')], 'the container of test1-control-plane was removed'],
  ])(
    'is refused where %s was removed from a cluster of kni-demo 0.1.0, whose record has no number of workers',
    async (_, left, why) => {
      await using dir = await tempDir();
      const {context} = await demoWith(dir, ps(...left) + ps(...left));
      await writeRecord(context.dirs, 'test1', {phase: 'complete', nodeImage: image});
      for (const attempt of [done, makeCluster])
        expect(await rejection(Promise.resolve(attempt(context)), UserError)).toMatchObject({
          why,
          exitCode: exitCodes.conflict,
        });
    },
  );

  it('is not refused early without a cluster, or with one that is recreated', async () => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, ps() + ps(ownNode('test1-control-plane')));
    await expect(findCluster(context, running.signal)).resolves.toMatchObject({complete: false});
    await writeRecord(context.dirs, 'test1', {phase: 'creating', nodeImage: image});
    await expect(findCluster(context, running.signal)).resolves.toMatchObject({complete: false});
  });

  it('is unknown when docker does not answer', async () => {
    await using dir = await tempDir();
    const {context} = await demoWith(dir, exchange(listNodeContainers('test1'), '[not found]'));
    expect((await rejection(Promise.resolve(done(context)), CommandError)).reason).toBe('not found');
  });
});
