import {mkdir, rm} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {isOurs, ownerDirectoryOf, refuseForeign} from '../../src/cluster/ownership.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import type {NodeContainer} from '../../src/tools/docker.ts';
import {envOf, node, rejection} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

const cluster = (mounts: string, rest: Partial<NodeContainer> = {}): readonly NodeContainer[] => [
  node('test1-control-plane', {mounts}),
  node('test1-worker', {mounts, ...rest}),
];

describe('whose a cluster is', () => {
  it('is ours while its nodes mount a directory that our state directory has', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf({...envOf(dir), XDG_STATE_HOME: dir.join('a,b')});
    await mkdir(dir.join('a,b/kni-demo/clusters/test1/owner'), {recursive: true});
    const owner = await ownerDirectoryOf(dirs, 'test1');
    const ours = cluster(`0123,${owner},/lib/modules`);
    expect(await isOurs(dirs, 'test1', ours)).toBe(true);
    expect(await isOurs(dirs, 'test1', [])).toBe(false);
    await rm(owner, {recursive: true});
    expect(await isOurs(dirs, 'test1', ours)).toBe(false);
  });

  it('is ours without the mount if we have its record: kni-demo 0.1.0 made it', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    const older = cluster('/lib/modules,0123');
    expect(await isOurs(dirs, 'test1', older)).toBe(false);
    await writeRecord(dirs, 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1'});
    expect(await isOurs(dirs, 'test1', older)).toBe(true);
  });

  it('is not ours when a node belongs to another state directory, even with a record here', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    await writeRecord(dirs, 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1'});
    await mkdir(await ownerDirectoryOf(dirs, 'test1'));
    const mounts = await ownerDirectoryOf(dirs, 'test1');
    expect(await isOurs(dirs, 'test1', cluster(mounts))).toBe(true);
    const mixed = cluster(mounts, {mounts: '/srv/them/kni-demo/clusters/test1/owner'});
    expect(await rejection(refuseForeign(dirs, 'test1', mixed), UserError)).toMatchObject({
      what: 'cluster test1 belongs to another user',
      why: `test1-worker belongs to the state directory /srv/them/kni-demo, and your state directory is ${dirs.state}`,
      exitCode: exitCodes.conflict,
    });
  });

  it('is not ours if a node runs an image that kni-demo did not build', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf(envOf(dir));
    await writeRecord(dirs, 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1'});
    const foreign = cluster('', {stack: undefined, image: 'kindest/node:v1'});
    expect(await rejection(refuseForeign(dirs, 'test1', foreign), UserError)).toMatchObject({
      what: 'cluster test1 was not made by kni-demo',
      why: 'test1-worker runs the image kindest/node:v1',
      exitCode: exitCodes.conflict,
    });
  });
});
