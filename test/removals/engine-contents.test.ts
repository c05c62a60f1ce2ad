import {expect, it} from 'vitest';
import {foreignContents} from '../../src/removals/engine-contents.ts';
import {fillEngine, foreignContent} from '../rig/filled-engine.ts';
import {dirsIn} from '../rig/removals.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('lists what others keep in the engine, and whether it runs', async () => {
  await using dir = await tempDir();
  await fillEngine(dir);
  const found = await foreignContents(dirsIn(dir));
  expect(found.map(({kind, name}) => `${kind} ${name}`).sort()).toEqual([...foreignContent].sort());
  expect(found.filter(({running}) => running).map(({name}) => name)).toEqual(['test2-worker']);
});

it('lists nothing when the engine is missing', async () => {
  await using dir = await tempDir();
  expect(await foreignContents(dirsIn(dir))).toEqual([]);
});
