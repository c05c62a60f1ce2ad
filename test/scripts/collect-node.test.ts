import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {project} from '../../src/project.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('collects CNI configurations, and no kubeconfig with a token that is beside them', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('net.d'));
  for (const name of ['runtime.env', 'net.d/10-a.conflist', 'net.d/20-b.conf', 'net.d/calico-kubeconfig'])
    await writeFile(dir.join(name), `content of ${name}\n`);
  const script = await readFile(join(project.manifests, 'scripts/collect-node.sh'), 'utf8');
  const lines = script.split('\n').filter((line) => line.startsWith('collect config.txt '));
  expect(lines).toHaveLength(1);
  const command = lines[0]?.replace('collect config.txt ', '').replaceAll('/etc/kni', dir.path) ?? '';
  const {stdout} = await localHost().run(['sh', ['-euc', command]]);
  expect(stdout.match(/^content of .+$/gm)?.sort()).toEqual([
    'content of net.d/10-a.conflist',
    'content of net.d/20-b.conf',
    'content of runtime.env',
  ]);
});
