import {existsSync, readdirSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {artifactExists, artifactPath, publish} from '../../src/cache/artifact.ts';
import {type Dirs, dirsOf} from '../../src/cache/dirs.ts';
import {isScratch, scratchPath} from '../../src/cache/scratch.ts';
import {localHost} from '../../src/host/process.ts';
import {bundle} from '../rig/bundle.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const fingerprint = '0123456789abcdef'.repeat(4);
const dirsIn = (dir: TempDir): Dirs => dirsOf({}, dir.path);
const pathIn = (dir: TempDir): string => artifactPath(dirsIn(dir), 'kubelet', fingerprint);
const namesBeside = (path: string): readonly string[] => readdirSync(join(path, '..')).sort();

describe('artifactPath', () => {
  it('names an artifact after its kind and its fingerprint', () => {
    expect(artifactPath(dirsOf({}, '/home/me'), 'kubelet', fingerprint)).toBe(
      '/home/me/.cache/kni-demo/artifacts/kubelet-0123456789abcdef',
    );
  });
});

describe('artifactExists', () => {
  it('is about directories', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('file'), '');
    expect(await artifactExists(dir.path)).toBe(true);
    expect(await artifactExists(dir.join('nope'))).toBe(false);
    expect(await artifactExists(dir.join('file'))).toBe(false);
  });
});

describe('publish', () => {
  it('publishes the artifact under its name when it is complete', async () => {
    await using dir = await tempDir();
    const path = pathIn(dir);
    await publish(path, async (scratch) => {
      await mkdir(join(scratch, 'bin'));
      await writeFile(join(scratch, 'bin', 'kubelet'), 'program');
      expect(existsSync(path)).toBe(false);
    });
    expect(await readFile(join(path, 'bin', 'kubelet'), 'utf8')).toBe('program');
    expect(namesBeside(path)).toEqual([basename(path)]);
  });

  it('creates an empty scratch directory beside it, on the same file system', async () => {
    await using dir = await tempDir();
    await publish(pathIn(dir), async (scratch) => {
      expect(join(scratch, '..')).toBe(join(pathIn(dir), '..'));
      expect(readdirSync(scratch)).toEqual([]);
    });
    expect(existsSync(pathIn(dir))).toBe(true);
  });

  it('does nothing if the artifact is there', async () => {
    await using dir = await tempDir();
    await publish(pathIn(dir), async () => {});
    await publish(pathIn(dir), () => Promise.reject(new Error('called')));
    expect(existsSync(pathIn(dir))).toBe(true);
  });

  it('leaves nothing if filling fails, and passes on why', async () => {
    await using dir = await tempDir();
    const filling = publish(pathIn(dir), async (scratch) => {
      await writeFile(join(scratch, 'half'), '');
      throw new Error('disk full');
    });
    await expect(filling).rejects.toThrow('disk full');
    expect(namesBeside(pathIn(dir))).toEqual([]);
  });

  it('keeps the first of two who make the same at the same time', async () => {
    await using dir = await tempDir();
    const path = pathIn(dir);
    await publish(path, async (scratch) => {
      await writeFile(join(scratch, 'by'), 'loser');
      await publish(path, (other) => writeFile(join(other, 'by'), 'winner'));
    });
    expect(await readFile(join(path, 'by'), 'utf8')).toBe('winner');
    expect(namesBeside(path)).toEqual([basename(path)]);
  });

  it('leaves no artifact when it is killed, and the next run cleans up', async () => {
    await using dir = await tempDir();
    const script = await bundle(fileURLToPath(new URL('fixtures/publish-and-die.ts', import.meta.url)), dir);
    const path = pathIn(dir);
    await expect(localHost().run([process.execPath, [script, path]])).rejects.toThrow('killed by SIGKILL');
    expect(existsSync(path)).toBe(false);
    expect(namesBeside(path).filter(isScratch)).toHaveLength(1);

    await publish(path, (scratch) => writeFile(join(scratch, 'whole'), ''));
    expect(readdirSync(path)).toEqual(['whole']);
    expect(namesBeside(path)).toEqual([basename(path)]);
  });

  it('keeps the scratch directories of running processes', async () => {
    await using dir = await tempDir();
    const other = scratchPath(artifactPath(dirsIn(dir), 'containerd', fingerprint));
    await mkdir(other, {recursive: true});
    await publish(pathIn(dir), async () => {});
    expect(existsSync(other)).toBe(true);
  });
});
