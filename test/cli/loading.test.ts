import {join} from 'node:path';
import {build} from 'esbuild';
import {expect, it} from 'vitest';
import {project} from '../../src/project.ts';

it('loads only commander and small modules before it knows the command', async () => {
  const {metafile} = await build({
    absWorkingDir: project.root,
    entryPoints: ['src/cli/main.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    outdir: join(project.root, 'dist'),
    write: false,
    metafile: true,
  });
  // What src/cli/main.ts imports statically, directly or not.
  const loaded = new Set(['src/cli/main.ts']);
  for (const path of loaded) {
    for (const {path: imported, kind} of metafile.inputs[path]?.imports ?? [])
      if (kind === 'import-statement' && !imported.startsWith('node:')) loaded.add(imported);
  }
  expect([...loaded].filter((path) => !path.startsWith('src/'))).toEqual(['commander']);
  expect(loaded.size).toBeLessThan(30);
});
