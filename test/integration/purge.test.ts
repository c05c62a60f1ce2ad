/** down --purge where an engine was killed, which leaves its data mounted over itself. */
import {access, mkdir, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {localHost} from '../../src/host/process.ts';
import {cli} from '../rig/cli.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe('down --purge', () => {
  it('unmounts what a killed engine left mounted in the cache, and touches nothing beside it', async () => {
    await using dir = await tempDir();
    const data = dir.join('cache/kni-demo/engine-data');
    const beside = dir.join('cache/kni-demo-other');
    const local = localHost();
    const layer = `${data}/a layer\\of one`;
    const mounted = [data, data, layer, beside];
    for (const point of mounted) {
      await mkdir(point, {recursive: true});
      await local.run(['mount', ['-t', 'tmpfs', 'kni-demo-test', point]]);
    }
    try {
      await writeFile(`${beside}/kept`, '');
      const {code, stderr} = await cli(dir, ['down', '--purge', '--yes'], {
        host: {
          run: (command, options) => local.run(command, {...options, env: {DOCKER_HOST: 'unix:///none'}}),
        },
      });
      expect({code, stderr}).toEqual({code: 0, stderr: ''});
      await expect(access(dir.join('cache/kni-demo'))).rejects.toThrow('ENOENT');
      await access(`${beside}/kept`);
    } finally {
      for (const point of mounted.toReversed()) await local.run(['umount', [point]]).catch(() => undefined);
    }
  });
});
