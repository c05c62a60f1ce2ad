import {symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {Exec} from '../../../runtime/src/cni/exec.ts';
import {openNetnsDir} from '../../../runtime/src/netns/netns-dir.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const succeeds: Exec = async () => ({how: 'exited', exitCode: 0, stdout: '', stderr: ''});

describe('a netns', () => {
  it.each([
    ['there is nothing', async () => {}],
    ['there is a file that is no netns', (path: string) => writeFile(path, '')],
  ])('does not exist when %s', async (_, make) => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    const path = join(dir.path, 'kni-pod');
    await make(path);
    expect(await netns.exists(path)).toBe(false);
  });

  it('exists when it is one', async () => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    expect(await netns.exists('/proc/self/ns/net')).toBe(true);
  });

  it('is not taken for absent when that cannot be told', async () => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    const path = join(dir.path, 'kni-pod');
    await symlink(path, path);
    await expect(netns.exists(path)).rejects.toMatchObject({code: 'ELOOP'});
    await expect(netns.remove(path)).rejects.toMatchObject({code: 'ELOOP'});
  });
});
