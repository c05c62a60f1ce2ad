import {mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {listLeases, releaseLease} from '../../../runtime/src/cni/leases.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the leases of host-local', () => {
  it('are read with their sandbox; other files are ignored', async () => {
    await using dir = await tempDir();
    await mkdir(join(dir.path, 'kni'));
    const files = {
      '10.0.0.2': 'box\r\neth0',
      '10.0.0.3': '',
      'fd00::2': 'box\neth0',
      lock: '',
      'last_reserved_ip.0': '10.0.0.3',
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir.path, 'kni', name), text);
    await writeFile(join(dir.path, 'stray'), '');
    const leases = await listLeases(dir.path);
    expect(leases.map(({network, ip, sandbox}) => [network, ip, sandbox].join(' ')).sort()).toEqual([
      'kni 10.0.0.2 box',
      'kni 10.0.0.3 ',
      'kni fd00::2 box',
    ]);
    for (const lease of leases) await releaseLease(lease);
    expect((await readdir(join(dir.path, 'kni'))).sort()).toEqual(['last_reserved_ip.0', 'lock']);
  });

  it('are empty before the first lease', async () => {
    await using dir = await tempDir();
    expect(await listLeases(join(dir.path, 'ipam'))).toEqual([]);
  });
});
