import {mkdir, readdir} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {saveBundle} from '../../src/bundle/save.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {imageSizes} from '../../src/tools/docker.ts';
import {demoContext, exchange, gibibyte, machine, rejection} from '../rig/demo.ts';
import {fakeHost} from '../rig/fake-host.ts';
import {tempDir} from '../rig/temp-dir.ts';

const {signal} = new AbortController();
const fingerprintOf = (): string => '0123456789abcdef'.repeat(4);
const sizes = exchange(imageSizes(['kni-demo/node:0123456789abcdef']), `${gibibyte}`);

describe('saveBundle', () => {
  it.each([
    ['the cache', 'cache/kni-demo', 1_024],
    ['the file', 'out', 2_048],
  ])('writes nothing if the disk of %s is too small', async (_, full, needed) => {
    await using dir = await tempDir();
    await mkdir(dir.join('out'));
    using host = fakeHost(sizes);
    const roomAt = async (path: string) => ({
      disk: path === dir.join(full) ? gibibyte / 2 : 100 * gibibyte,
      memory: 16 * gibibyte,
      cores: 4,
    });
    const context = await demoContext(dir, host, {machine: machine({roomAt})});
    const file = dir.join('out/demo.tar');
    const saving = saveBundle({context, fingerprintOf, file, signal, say: () => undefined});
    expect(await rejection(saving, UserError)).toMatchObject({
      what: `cannot write ${file}`,
      why: `${dir.join(full)} has 512 MB of free disk space, but the bundle needs ${needed} MB`,
      exitCode: exitCodes.hostLacks,
    });
    expect(await readdir(dir.join('out'))).toEqual([]);
  });
});
