import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {
  clusterOf,
  forgetCluster,
  kubeconfigOf,
  nameFlag,
  readRecord,
  recordedClusters,
  requireCluster,
  requireRunning,
  writeRecord,
} from '../../src/cluster/cluster.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {listNodeContainers} from '../../src/tools/docker.ts';
import {dirWithCluster, envOf, exchange, node, printed, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const ours = [node('test1-control-plane'), node('test1-worker')];
const foreign = node('test1-worker', {stack: undefined, image: 'kindest/node:v1'});

describe('requireCluster', () => {
  const ps = listNodeContainers('test1');

  it('returns the nodes', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(exchange(ps, ...printed(...ours)));
    expect((await requireCluster({host, dirs: dirsOf(envOf(dir))}, 'test1')).nodes).toEqual(ours);
  });

  it('refuses a foreign one', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(exchange(ps, ...printed(foreign)));
    expect(
      (await rejection(requireCluster({host, dirs: dirsOf(envOf(dir))}, 'test1'), UserError)).exitCode,
    ).toBe(exitCodes.conflict);
  });

  it('explains how to create a missing one', async () => {
    await using dir = await dirWithCluster();
    using host = fakeHost(exchange(ps) + exchange(listNodeContainers('other')));
    expect(
      await rejection(requireCluster({host, dirs: dirsOf(envOf(dir))}, 'test1'), UserError),
    ).toMatchObject({
      tryThis: 'create it: kni-demo up',
      exitCode: exitCodes.badInput,
    });
    expect(
      (await rejection(requireCluster({host, dirs: dirsOf(envOf(dir))}, 'other'), UserError)).tryThis,
    ).toBe('create it: kni-demo up --name other');
  });

  it.each([
    [['2> Cannot connect to the Docker daemon', '[exit code 1]'], 'Cannot connect to the Docker daemon'],
    [['[not found]'], 'not found'],
  ])('says that docker does not answer: %j', async (said, why) => {
    await using dir = await dirWithCluster();
    using host = fakeHost(exchange(ps, ...said));
    expect(
      await rejection(requireCluster({host, dirs: dirsOf(envOf(dir))}, 'test1'), UserError),
    ).toMatchObject({
      what: 'cannot look for cluster test1',
      why: `docker does not answer: ${why}`,
      exitCode: exitCodes.hostLacks,
    });
  });
});

describe('requireRunning', () => {
  it('names the nodes that are stopped', () => {
    expect(() => requireRunning('test1', ours)).not.toThrow();
    expect(() => requireRunning('x', [node('x-worker', {running: false}), node('x-worker2')])).toThrow(
      expect.objectContaining({
        why: 'these nodes are stopped: x-worker',
        tryThis: 'start it: kni-demo start --name x',
      }),
    );
  });
});

describe('clusterOf', () => {
  it('runs commands on the control plane and on a node by its name', async () => {
    using host = fakeHost(`
      $ docker exec test1-control-plane true
      $ docker exec test1-worker true
    `);
    const cluster = clusterOf(host, ours);
    await cluster.controlPlane.run(['true', []]);
    await cluster.node('test1-worker').run(['true', []]);
    expect(host.ran).toHaveLength(2);
  });

  it('knows no other node', () => {
    expect(() => clusterOf(fakeHost(), ours).node('test2-worker')).toThrow(
      'unknown node test2-worker: the nodes are test1-control-plane, test1-worker',
    );
  });

  it('needs a control plane', () => {
    expect(() => clusterOf(fakeHost(), [node('test1-worker')]).controlPlane).toThrow(
      'cluster test1 has no control plane: its only nodes are test1-worker',
    );
  });
});

describe('nameFlag', () => {
  it('names every cluster but the usual one', () => {
    expect([nameFlag('test1'), nameFlag('x')]).toEqual(['', ' --name x']);
  });
});

describe('the record of a cluster', () => {
  const record = {phase: 'creating', nodeImage: 'kni-demo/node:1'} as const;
  const fileIn = (dir: TempDir): string => dir.join('state/kni-demo/clusters/test1/cluster.json');

  it('is read as it was written, and replaced as a whole', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    await writeRecord(dirs, 'test1', record);
    expect(await readRecord(dirs, 'test1')).toEqual(record);
    await writeRecord(dirs, 'test1', {...record, phase: 'complete'});
    expect(await readRecord(dirs, 'test1')).toEqual({...record, phase: 'complete'});
    expect(await readdir(dirname(fileIn(dir)))).toEqual(['cluster.json']);
    expect(dirname(kubeconfigOf(dirs, 'test1'))).toBe(dirname(fileIn(dir)));
  });

  it.each([
    ['nothing', undefined],
    ['half a file', '{"phase":"creat'],
    ['an empty file', ''],
    ['another phase', '{"phase":"done","nodeImage":"a"}'],
    ['no image', '{"phase":"complete"}'],
    ['a list', '[]'],
  ])('is unknown if there is %s', async (_, content) => {
    await using dir = await tempDir();
    await mkdir(dirname(fileIn(dir)), {recursive: true});
    if (content !== undefined) await writeFile(fileIn(dir), content);
    expect(await readRecord(dirsOf(envOf(dir)), 'test1')).toBeUndefined();
  });

  it('is removed with its directory, and other records stay', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    expect(await recordedClusters(dirs)).toEqual([]);
    for (const name of ['test1', 'other']) await writeRecord(dirs, name, record);
    await writeFile(kubeconfigOf(dirs, 'test1'), 'secret');
    await forgetCluster(dirs, 'test1');
    await forgetCluster(dirs, 'test1');
    expect(await recordedClusters(dirs)).toEqual(['other']);
  });
});
