import {describe, expect, it} from 'vitest';
import {recordImage} from '../../src/cache/images.ts';
import {imageRemovals} from '../../src/removals/images.ts';
import {noRemovals} from '../../src/removals/removal.ts';
import {managedEngine} from '../../src/stages/lib/managed-engine.ts';
import {dataRoot, listOurImages, listUsedImages, removeImages} from '../../src/tools/docker.ts';
import {exchange} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {dirsIn, noEngine, removalOptions} from '../rig/removals.ts';
import {tempDir} from '../rig/temp-dir.ts';

const listed = (root: string, ...used: readonly string[]): string =>
  exchange(listOurImages, 'kni-demo/node:1\t1.2GB', 'kni-demo/theirs:1\t1GB') +
  exchange(dataRoot, root) +
  (root === '/var/lib/docker' ? exchange(listUsedImages, ...used) : '');

describe('imageRemovals', () => {
  it('removes an image of this cache that only a removed cluster uses', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await recordImage(dirs, 'kni-demo/node:1');
    using host = fakeHost(
      listed('/var/lib/docker', 'kni-demo/node:1\ttest1') + exchange(removeImages(['kni-demo/node:1'])),
    );
    const {removals, kept} = await imageRemovals({host, dirs}, ['test1'], removalOptions());
    expect(removals.map(({what}) => what)).toEqual(['image kni-demo/node:1, 1.2GB']);
    expect(kept).toEqual([expect.stringMatching(/ docker rmi kni-demo\/theirs:1$/)]);
    await removals[0]?.remove();
  });

  it('keeps an image of this cache that another container uses', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await recordImage(dirs, 'kni-demo/node:1');
    using host = fakeHost(listed('/var/lib/docker', 'kni-demo/node:1\tx'));
    const {removals, kept} = await imageRemovals({host, dirs}, ['test1'], removalOptions());
    expect(removals).toEqual([]);
    expect(kept[0]).toBe('image kni-demo/node:1: a container uses it');
  });

  it('lists no images of the engine whose data goes with the cache', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    using host = fakeHost(listed(managedEngine(dirs).dataRoot));
    expect(await imageRemovals({host, dirs}, [], removalOptions())).toEqual(noRemovals);
  });

  it('lists no images when no engine runs', async () => {
    await using dir = await tempDir();
    using host = fakeHost(exchange(listOurImages, ...noEngine));
    expect(await imageRemovals({host, dirs: dirsIn(dir)}, [], removalOptions())).toEqual(noRemovals);
  });
});
