import {join} from 'node:path';
import {expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {bundle} from '../rig/bundle.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('lists mounts in the order of unmounting, without those that a later mount hides', async () => {
  await using dir = await tempDir();
  const file = await bundle(join(project.root, 'src/host/mounts.ts'), dir);
  const print = `import('${file}').then(async (m) => console.log((await m.mountPointsIn('${dir.path}')).join(' ')))`;
  const script = `
    cd "$1"
    mkdir -p outer/hidden seen/inner
    mount -t tmpfs none outer/hidden
    mount -t tmpfs none outer
    mount -t tmpfs none seen
    mkdir seen/inner
    mount -t tmpfs none seen/inner
    "$2" -e "$3"`;
  const args = ['--mount', 'sh', '-ec', script, 'sh', dir.path, process.execPath, print];
  const {stdout} = await localHost().run(['unshare', args]);
  expect(stdout.trim().split(' ')).toEqual(['seen/inner', 'seen', 'outer'].map((name) => dir.join(name)));
});
