import {cp, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {localHost} from '../src/host/process.ts';
import {project} from '../src/project.ts';
import {tempDir} from './rig/temp-dir.ts';

it('npx runs the program of a built checkout, and builds nothing', async () => {
  await using dir = await tempDir();
  const checkout = dir.join('checkout');
  await mkdir(join(checkout, 'dist'), {recursive: true});
  await cp(join(project.root, 'bin'), join(checkout, 'bin'), {recursive: true});
  // Without dependencies, which npx would look for in a registry.
  const {
    dependencies: _,
    devDependencies: __,
    ...manifest
  } = JSON.parse(await readFile(join(project.root, 'package.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(checkout, 'package.json'), JSON.stringify(manifest));
  const built = join(checkout, 'dist/main.js');
  await writeFile(
    built,
    'export const realWorld = () => process.stdout; export const main = (_, out) => out.write("built\\n") && 7;',
  );

  const env = {npm_config_cache: dir.join('npm'), npm_config_offline: 'true'};
  const {stdout} = await localHost().run(['sh', ['-c', 'npx kni-demo; echo $?']], {cwd: checkout, env});
  expect(stdout).toBe('built\n7');
});
