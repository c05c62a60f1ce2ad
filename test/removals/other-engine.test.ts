import {mkdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {
  clustersElsewhere,
  refuseOtherEngine,
  refuseUnreachable,
  withoutEngine,
} from '../../src/removals/other-engine.ts';
import type {RemovalOptions} from '../../src/removals/removal.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {engineId} from '../../src/tools/docker.ts';
import {exchange, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, noEngine, removalOptions} from '../rig/removals.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const recordIn = (dir: TempDir, engine?: string) =>
  writeRecord(dirsIn(dir), 'test1', {phase: 'complete', nodeImage: 'x', ...(engine && {engine})});
const elsewhere = async (dir: TempDir, current: string, options: Partial<RemovalOptions> = {}) => {
  const host = fakeHost(exchange(engineId, current));
  return await clustersElsewhere({host, dirs: dirsIn(dir)}, [], removalOptions(options));
};
const addManagedEngine = async (dir: TempDir, id: string) => {
  const {dataRoot} = managedEngine(dirsIn(dir));
  await mkdir(dataRoot, {recursive: true});
  await writeFile(`${dataRoot}/engine-id`, `${id}\n`);
};

describe('clustersElsewhere', () => {
  it('names a cluster of another engine, with both engines', async () => {
    await using dir = await tempDir();
    await recordIn(dir, 'engine-1');
    expect(await elsewhere(dir, 'engine-2')).toEqual([
      {
        cluster: 'test1',
        why: 'it is in the docker engine engine-1; docker is connected to the engine engine-2',
      },
    ]);
    expect(await elsewhere(dir, 'engine-2', {name: 'x'})).toEqual([]);
    expect(await elsewhere(dir, 'engine-2', {name: 'x', all: true})).toHaveLength(1);
  });

  it('names no cluster that its own engine does not have', async () => {
    await using dir = await tempDir();
    await recordIn(dir, 'engine-1');
    expect(await elsewhere(dir, 'engine-1')).toEqual([]);
  });

  it('names no cluster of the installed engine when that is purged', async () => {
    await using dir = await tempDir();
    await recordIn(dir, 'engine-1');
    await addManagedEngine(dir, 'engine-1');
    expect(await elsewhere(dir, 'engine-2', {purge: true})).toEqual([]);
  });

  it('names a cluster without a recorded engine only when DOCKER_HOST is set', async () => {
    await using dir = await tempDir();
    await recordIn(dir);
    expect(await elsewhere(dir, 'engine-1')).toEqual([]);
    expect(await elsewhere(dir, 'engine-1', {dockerHost: 'DOCKER_HOST=tcp://x'})).toHaveLength(1);
  });
});

describe('refuseOtherEngine', () => {
  it('names the variable that points docker to another engine', async () => {
    await using dir = await tempDir();
    await recordIn(dir, 'engine-1');
    using host = fakeHost(exchange(engineId, 'engine-2'));
    const options = removalOptions({dockerHost: 'DOCKER_HOST=tcp://x'});
    const refused = rejection(refuseOtherEngine({host, dirs: dirsIn(dir)}, [], options), UserError);
    expect(await refused).toMatchObject({
      tryThis: 'unset DOCKER_HOST, or point docker to that engine, then run it again',
      exitCode: exitCodes.conflict,
    });
  });
});

describe('refuseUnreachable', () => {
  it('offers the removal of the installed engine only when the cluster is in it', async () => {
    await using dir = await tempDir();
    await recordIn(dir, 'engine-1');
    const hint = async () =>
      (await rejection(refuseUnreachable(dirsIn(dir), removalOptions()), UserError)).tryThis;
    await addManagedEngine(dir, 'engine-2');
    expect(await hint()).toBe('start the engine, then run it again');
    await addManagedEngine(dir, 'engine-1');
    expect(await hint()).toContain('or remove the engine with everything in it: kni-demo down --purge');
    await expect(refuseUnreachable(dirsIn(dir), removalOptions({purge: true}))).resolves.toBeUndefined();
  });

  it('accepts a cluster without a record', async () => {
    await using dir = await tempDir();
    await expect(refuseUnreachable(dirsIn(dir), removalOptions())).resolves.toBeUndefined();
  });
});

describe('withoutEngine', () => {
  const ask = async (...output: readonly string[]) => {
    using host = fakeHost(exchange(engineId, ...output));
    return await withoutEngine(
      host.run(engineId).then(({stdout}) => stdout),
      'no engine',
    );
  };

  it('answers for an engine that is not running or not installed', async () => {
    expect(await ask('engine-1')).toBe('engine-1');
    expect(await ask(...noEngine)).toBe('no engine');
    expect(await ask('[not found]')).toBe('no engine');
  });

  it('fails when docker refuses to answer', async () => {
    const refused = ask('2> permission denied while trying to connect', '[exit code 1]');
    expect((await rejection(refused, UserError)).exitCode).toBe(exitCodes.hostLacks);
  });
});
