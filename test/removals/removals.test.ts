import {describe, expect, it} from 'vitest';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import type {RemovalOptions} from '../../src/removals/removal.ts';
import {removalsFor} from '../../src/removals/removals.ts';
import {listNodeContainers, listOurImages} from '../../src/tools/docker.ts';
import {exchange, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {fillEngine, foreignContent} from '../rig/filled-engine.ts';
import {dirsIn, noEngine, ours, ps, remember, removalOptions} from '../rig/removals.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const removalsIn = async (dir: TempDir, transcript: string, options: Partial<RemovalOptions> = {}) => {
  using host = fakeHost(transcript);
  const {removals, kept} = await removalsFor({host, dirs: dirsIn(dir)}, removalOptions(options));
  return {what: removals.map(({what}) => what), kept};
};

describe('removalsFor', () => {
  it('lists the cluster alone without --all', async () => {
    await using dir = await tempDir();
    await remember(dir);
    expect(await removalsIn(dir, ps(...ours))).toEqual({
      what: ['cluster test1: test1-control-plane, test1-worker'],
      kept: [],
    });
  });

  it('lists the content of others before the directories, with --purge-foreign', async () => {
    await using dir = await tempDir();
    await fillEngine(dir);
    const silent = exchange(listNodeContainers(), ...noEngine) + exchange(listOurImages, ...noEngine);
    const {what} = await removalsIn(dir, silent, {all: true, purge: true, purgeForeign: true});
    expect(what).toEqual([
      ...foreignContent.map((each) => `${each}, with the docker engine`),
      expect.stringMatching(/^the cache /),
      expect.stringMatching(/^logs and state in /),
    ]);
  });

  it('refuses to purge the content of others', async () => {
    await using dir = await tempDir();
    await fillEngine(dir);
    const refused = removalsIn(dir, ps(...ours), {all: true, purge: true});
    const {why, exitCode} = await rejection(refused, UserError);
    expect(exitCode).toBe(exitCodes.conflict);
    expect(why.split('\n').slice(1)).toEqual(foreignContent);
  });
});
