/** Commands that need all nodes, on a cluster from which a container was removed. */

import {mkdir, writeFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {writeRecord} from '../../src/cluster/cluster.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {cli, hostOf} from '../rig/cli.ts';
import {envOf, node, printed} from '../rig/demo.ts';
import {tempDir} from '../rig/temp-dir.ts';

it.each([
  'pod create x',
  'verify',
  'drill life',
  'compare',
  'tour',
  'runtime use default --yes',
  'runtime dev hello --yes',
])('%s says how to replace the node, and changes nothing', async (line) => {
  await using dir = await tempDir();
  const env = envOf(dir);
  await writeRecord(dirsOf(env), 'test1', {phase: 'complete', nodeImage: 'kni-demo/node:1', workers: 1});
  await mkdir(dir.join('hello'));
  await writeFile(dir.join('hello/runtime.ts'), '');
  const host = hostOf(() => printed(node('test1-control-plane')).join('\n'));
  expect(await cli(dir, line.split(' '), {env, host})).toMatchObject({
    code: exitCodes.conflict,
    stderr: expect.stringContaining(
      'error: cluster test1 is incomplete: the container of test1-worker was removed\n' +
        'try:   recreate it: kni-demo down, then kni-demo up\n',
    ),
  });
  expect(host.ran.filter((each) => !each.startsWith('docker ps'))).toEqual([]);
});
