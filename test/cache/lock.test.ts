import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {mkdir, readdir, stat, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it, vi} from 'vitest';
import {type Dirs, dirsOf} from '../../src/cache/dirs.ts';
import {removeDirectory} from '../../src/cache/inventory.ts';
import {withLock} from '../../src/cache/lock.ts';
import type {Holder} from '../../src/cache/lock-file.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {localHost} from '../../src/host/process.ts';
import {processStatus} from '../../src/host/process-status.ts';
import {bundle} from '../rig/bundle.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const dirsIn = (dir: TempDir): Dirs => dirsOf({}, dir.path);
const refuse = {command: 'kni-demo down'};
const wait = {command: 'kni-demo up', timeout: 600_000};

/** As a message names a process that holds a lock. */
const holderPattern = (pid: number, command: string, more = ''): string =>
  String.raw`process ${pid} \(${command}, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC${more}\)`;

/** Another process that holds the lock, until `kill` is called. */
const otherHolder = async (dir: TempDir, {cache}: Dirs) => {
  const script = await bundle(fileURLToPath(new URL('fixtures/hold-lock.ts', import.meta.url)), dir);
  const cancel = new AbortController();
  let ended: Promise<unknown> = Promise.resolve();
  const pid = await new Promise<number>((resolve, reject) => {
    // `sleep` keeps the standard input of the holder open.
    const command = `sleep 1000 | ${process.execPath} ${script} ${cache}`;
    ended = localHost({grace: 100, linger: 50})
      .run(['sh', ['-c', command]], {signal: cancel.signal, onLine: (line) => resolve(Number(line))})
      .catch(reject);
  });
  return {
    pid,
    kill: () => process.kill(pid, 'SIGKILL'),
    async stop(): Promise<void> {
      process.kill(pid, 'SIGSTOP');
      await vi.waitUntil(() => processStatus(pid).state === 'T', {timeout: 50_000});
    },
    [Symbol.asyncDispose]: async () => {
      cancel.abort();
      await ended;
    },
  };
};

describe('withLock', () => {
  it('returns the result of the work, and rethrows its error', async () => {
    await using dir = await tempDir();
    await expect(withLock(dirsIn(dir), refuse, async () => 'done')).resolves.toBe('done');
    await expect(withLock(dirsIn(dir), refuse, () => Promise.reject(new Error('boom')))).rejects.toThrow(
      'boom',
    );
  });

  it('is released afterwards, after any outcome', async () => {
    await using dir = await tempDir();
    await withLock(dirsIn(dir), refuse, () => Promise.reject(new Error('boom'))).catch(() => {});
    await expect(withLock(dirsIn(dir), refuse, async () => 'again')).resolves.toBe('again');
  });

  it('refuses a second one, naming the first', async () => {
    await using dir = await tempDir();
    await withLock(dirsIn(dir), refuse, async () => {
      const second = withLock(dirsIn(dir), refuse, async () => 'both');
      await expect(second).rejects.toThrow(UserError);
      await expect(second).rejects.toMatchObject({
        message: expect.stringMatching(
          `^another kni-demo is running: ${holderPattern(process.pid, 'kni-demo down')} holds the lock ${dir.path}/.*/lock$`,
        ),
        tryThis: `wait for it to end, or end it: kill ${process.pid}\nor wait longer: --lock-timeout 10m`,
        exitCode: exitCodes.busy,
      });
    });
  });

  it('does not stand in the way of other directories', async () => {
    await using one = await tempDir();
    await using other = await tempDir();
    const both = withLock(dirsIn(one), refuse, () => withLock(dirsIn(other), refuse, async () => 'both'));
    await expect(both).resolves.toBe('both');
  });

  it.each(['cache', 'state'] as const)('refuses a second one with the same %s only', async (shared) => {
    await using one = await tempDir();
    await using other = await tempDir();
    const dirs = dirsIn(one);
    await withLock(dirs, refuse, async () => {
      const second = withLock({...dirsIn(other), [shared]: dirs[shared]}, refuse, async () => 'both');
      await expect(second).rejects.toMatchObject({
        why: expect.stringContaining(`${dirs[shared]}/lock`),
        exitCode: exitCodes.busy,
      });
    });
  });

  it('accepts one directory as both the cache and the state directory', async () => {
    await using dir = await tempDir();
    const both = {...dirsIn(dir), cache: dir.join('both'), state: dir.join('both')};
    await withLock(both, refuse, async () => {
      await expect(withLock(both, refuse, async () => 'both')).rejects.toMatchObject({
        exitCode: exitCodes.busy,
      });
    });
    await expect(withLock(both, refuse, async () => 'again')).resolves.toBe('again');
  });

  it('accepts a long path to a cache', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf({}, dir.join('long/'.repeat(100)));
    await expect(withLock(dirs, refuse, async () => 'done')).resolves.toBe('done');
  });

  it('waits for the first if asked to, and names the holder', async () => {
    await using dir = await tempDir();
    const order: string[] = [];
    let second: Promise<unknown> = Promise.resolve();
    await withLock(dirsIn(dir), refuse, async () => {
      await new Promise<void>((noticed) => {
        const onWait = (holder: Holder | undefined): void => {
          order.push(`waiting for ${holder?.pid}`);
          noticed();
        };
        second = withLock(dirsIn(dir), {...wait, onWait}, async () => order.push('second'));
      });
      order.push('first');
    });
    await second;
    expect(order).toEqual([`waiting for ${process.pid}`, 'first', 'second']);
  });

  it('admits all waiting callers, one at a time', async () => {
    await using dir = await tempDir();
    let [inside, most, count] = [0, 0, 0];
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      count += 1;
      inside -= 1;
    };
    await Promise.all(Array.from({length: 8}, () => withLock(dirsIn(dir), wait, work)));
    expect({most, count}).toEqual({most: 1, count: 8});
  });

  it('stops waiting when cancelled', async () => {
    await using dir = await tempDir();
    const cancel = new AbortController();
    await withLock(dirsIn(dir), refuse, async () => {
      const waiting = withLock(
        dirsIn(dir),
        {...wait, signal: cancel.signal, onWait: () => cancel.abort(new Error('Ctrl-C'))},
        async () => 'never',
      );
      await expect(waiting).rejects.toThrow('Ctrl-C');
    });
  });

  it('names another process, and has the lock as soon as that one is killed', async () => {
    await using dir = await tempDir();
    await using other = await otherHolder(dir, dirsIn(dir));
    await expect(withLock(dirsIn(dir), refuse, async () => 'both')).rejects.toThrow(
      new RegExp(`${holderPattern(other.pid, 'kni-demo up')} holds`),
    );
    const waiting = withLock(dirsIn(dir), {...wait, onWait: other.kill}, async () => 'mine');
    await expect(waiting).resolves.toBe('mine');
  });

  it('says that the holder is stopped, and how to continue it', async () => {
    await using dir = await tempDir();
    await using other = await otherHolder(dir, dirsIn(dir));
    await other.stop();
    await expect(withLock(dirsIn(dir), refuse, async () => 'both')).rejects.toMatchObject({
      why: expect.stringMatching(`^${holderPattern(other.pid, 'kni-demo up', ', stopped')} holds the lock`),
      tryThis: expect.stringContaining(`continue it: kill -CONT ${other.pid}\n`),
      exitCode: exitCodes.busy,
    });
    other.kill();
  });

  it('reports when the holder is stopped during the wait', async () => {
    await using dir = await tempDir();
    await using other = await otherHolder(dir, dirsIn(dir));
    const seen: (boolean | undefined)[] = [];
    const onWait = (holder: Holder | undefined): void => {
      seen.push(holder?.isStopped);
      if (holder?.isStopped === false) process.kill(other.pid, 'SIGSTOP');
      else other.kill();
    };
    await expect(withLock(dirsIn(dir), {...wait, onWait}, async () => 'mine')).resolves.toBe('mine');
    expect(seen).toEqual([false, true]);
  });

  it('gives up after the timeout', async () => {
    await using dir = await tempDir();
    await withLock(dirsIn(dir), refuse, async () => {
      const second = withLock(dirsIn(dir), {...refuse, timeout: 50}, async () => 'both');
      await expect(second).rejects.toMatchObject({exitCode: exitCodes.busy});
    });
  });

  it('is the same lock through a symbolic link to the cache', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await symlink(dirs.cache, dir.join('link'));
    await mkdir(dirs.cache, {recursive: true});
    await withLock(dirs, refuse, async () => {
      const second = withLock({...dirs, cache: dir.join('link')}, refuse, async () => 'both');
      await expect(second).rejects.toMatchObject({exitCode: exitCodes.busy});
    });
  });

  it('is the same lock in a container, whose pids mean other processes', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    const script = await bundle(fileURLToPath(new URL('fixtures/hold-lock.ts', import.meta.url)), dir);
    await withLock(dirs, refuse, async () => {
      const inContainer = localHost().run([
        'unshare',
        ['--pid', '--fork', '--mount-proc', process.execPath, script, dirs.cache],
      ]);
      await expect(inContainer).rejects.toMatchObject({
        output: expect.stringMatching(/in another container\) holds the lock/),
      });
    });
  });

  it('does not wait for a process that has bound the abstract socket of earlier versions', async () => {
    await using dir = await tempDir();
    const {cache} = dirsIn(dir);
    const name = createHash('sha256').update(cache).digest('hex').slice(0, 32);
    const server = createServer().listen(`\0kni-demo/${name}`);
    await once(server, 'listening');
    await expect(withLock(dirsIn(dir), refuse, async () => 'done')).resolves.toBe('done');
    server.close();
  });

  it('removes an empty new cache, and keeps a cache with contents', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    await withLock(dirs, refuse, async () => undefined);
    expect(await readdir(dir.path)).toEqual([]);
    await withLock(dirs, refuse, () => writeFile(join(dirs.cache, 'artifact'), ''));
    expect(await readdir(dirs.cache)).toEqual(['artifact', 'lock']);
  });

  it.each(['cache', 'state'] as const)('excludes others until the %s is removed', async (shared) => {
    await using dir = await tempDir();
    await using other = await tempDir();
    const dirs = dirsIn(dir);
    await withLock(dirs, refuse, async () => {
      await writeFile(join(dirs[shared], 'file'), '');
      await removeDirectory(dirs[shared]);
      const second = withLock({...dirsIn(other), [shared]: dirs[shared]}, refuse, async () => 'both');
      await expect(second).rejects.toMatchObject({exitCode: exitCodes.busy});
    });
    expect(await readdir(dir.path)).toEqual([]);
  });

  it('lets no other user open the lock, who could hold it forever', async () => {
    await using dir = await tempDir();
    const dirs = dirsIn(dir);
    const mode = await withLock(dirs, refuse, async () => (await stat(join(dirs.cache, 'lock'))).mode);
    expect(mode & 0o777).toBe(0o600);
  });
});
