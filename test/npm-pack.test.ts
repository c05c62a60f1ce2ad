import {cp, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {z} from 'zod';
import {localHost} from '../src/host/process.ts';
import {readJson} from '../src/json.ts';
import {project} from '../src/project.ts';
import {tempDir} from './rig/temp-dir.ts';

const packed = z.array(z.object({files: z.array(z.object({path: z.string()}))}));

it('the npm package has the templates, without programs that were built in them', async () => {
  await using dir = await tempDir();
  const checkout = dir.join('checkout');
  const built = ['go/runtime', 'typescript/runtime.mjs', 'typescript/.kni/sdk.js'];
  await cp(join(project.root, 'examples/runtimes'), join(checkout, 'examples/runtimes'), {recursive: true});
  await cp(join(project.root, 'package.json'), join(checkout, 'package.json'));
  await mkdir(join(checkout, 'examples/runtimes/typescript/.kni'), {recursive: true});
  for (const file of built) await writeFile(join(checkout, 'examples/runtimes', file), 'built');

  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const env = {npm_config_cache: dir.join('npm'), npm_config_offline: 'true'};
  const {stdout} = await localHost().run(['npm', pack], {cwd: checkout, env});
  const files = readJson(packed, stdout, 'the output of npm pack').flatMap((each) => each.files);
  const paths = files.map(({path}) => path.replace('examples/runtimes/', ''));
  expect(paths).toEqual(expect.arrayContaining(['go/main.go', 'go/kni/kni.pb.go', 'typescript/runtime.ts']));
  expect(paths.filter((path) => built.includes(path))).toEqual([]);
});
