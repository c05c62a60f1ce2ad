import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {isMountPoint, openNetnsDir} from '../../../runtime/src/netns/netns-dir.ts';
import type {Ending, Exec} from '../../../runtime/src/process/exec.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const succeeds: Exec = async () => ({kind: 'exited', exitCode: 0, stdout: '', stderr: ''});

describe('a netns', () => {
  it.each([
    ['there is nothing', async () => {}],
    ['there is a file that is not a netns', (path: string) => writeFile(path, '')],
  ])('does not exist when %s', async (_, make) => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    const path = join(dir.path, 'kni-pod');
    await make(path);
    expect(netns.exists(path)).toBe(false);
  });

  it('exists when it is one', async () => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    expect(netns.exists('/proc/self/ns/net')).toBe(true);
  });

  it('is not taken for absent when that is unknown', async () => {
    await using dir = await tempDir();
    const netns = await openNetnsDir(dir.path, succeeds);
    await writeFile(join(dir.path, 'file'), '');
    const path = join(dir.path, 'file', 'kni-pod');
    expect(() => netns.exists(path)).toThrow(expect.objectContaining({code: 'ENOTDIR'}));
    await expect(netns.remove(path)).rejects.toMatchObject({code: 'ENOTDIR'});
  });
});

describe('the directory', () => {
  /** `mount` fails until the directory is a mount point. */
  const mountTool = () => {
    const calls: string[] = [];
    const failed: Ending = {
      kind: 'exited',
      exitCode: 32,
      stdout: '',
      stderr: 'not mount point or bad option',
    };
    const exec: Exec = async ({args = []}) => {
      calls.push(args[0] ?? '');
      return calls.includes('--rbind') ? {...failed, exitCode: 0} : failed;
    };
    return {calls, exec};
  };

  it('becomes a mount point if it is not one', async () => {
    await using dir = await tempDir();
    const {calls, exec} = mountTool();
    await openNetnsDir(dir.path, exec);
    expect(calls).toEqual(['--make-rshared', '--rbind', '--make-rshared']);
  });

  it('is not bound over itself when it is one, after any failure', async () => {
    const {calls, exec} = mountTool();
    await expect(openNetnsDir('/proc', exec)).rejects.toMatchObject({name: 'ToolFailed', exitStatus: 32});
    expect(calls).toEqual(['--make-rshared']);
  });

  it.each([
    ['/run/netns', true],
    ['/run/my netns', true],
    ['/run', false],
    ['/run/netns/kni-a', false],
  ])('%s is a mount point: %s', (path, expected) => {
    const mountinfo = [
      '22 28 0:20 / /run/netns rw,nosuid shared:5 - tmpfs tmpfs rw',
      String.raw`23 28 0:20 / /run/my\040netns rw,nosuid shared:6 - tmpfs tmpfs rw`,
      '',
    ].join('\n');
    expect(isMountPoint(mountinfo, path)).toBe(expected);
  });
});
