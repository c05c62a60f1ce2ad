import {expect, it} from 'vitest';
import {createNetnsBatch} from '../../../runtime/src/netns/netns-batch.ts';
import {createExec} from '../../../runtime/src/process/exec.ts';
import {tempDir} from '../../rig/temp-dir.ts';

it('reports a command as not done when its process cannot be started', async () => {
  await using dir = await tempDir();
  const exec = createExec({env: {PATH: dir.path}}); // without sh
  await expect(exec.startLongLived(['cat'])).rejects.toMatchObject({code: 'ENOENT'});
  const batch = createNetnsBatch({open: () => exec.startLongLived(['cat'])});
  expect(await batch.run('netns add one')).toBe(false);
});
