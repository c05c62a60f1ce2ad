import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {type Dirs, dirsOf} from '../../src/cache/dirs.ts';
import {withLock} from '../../src/cache/lock.ts';
import {UserError} from '../../src/errors.ts';
import {exitCodes} from '../../src/exit-codes.ts';
import {localHost} from '../../src/host/process.ts';
import {bundle} from '../rig/bundle.ts';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

const dirsIn = (dir: TempDir): Dirs => dirsOf({}, dir.path);
const refuse = {};
const wait = {onWait: () => undefined};

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
    [Symbol.asyncDispose]: async () => {
      cancel.abort();
      await ended;
    },
  };
};

describe('withLock', () => {
  it('gives what the work gives, and passes on what it throws', async () => {
    await using dir = await tempDir();
    await expect(withLock(dirsIn(dir), refuse, async () => 'done')).resolves.toBe('done');
    await expect(withLock(dirsIn(dir), refuse, () => Promise.reject(new Error('boom')))).rejects.toThrow(
      'boom',
    );
  });

  it('lets go afterwards, whatever happened', async () => {
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
        message: `another kni-demo is at work: process ${process.pid} holds the cache`,
        tryThis: `wait for it to end, or end it: kill ${process.pid}`,
        exitCode: exitCodes.busy,
      });
    });
  });

  it('does not stand in the way of another cache', async () => {
    await using one = await tempDir();
    await using other = await tempDir();
    const both = withLock(dirsIn(one), refuse, () => withLock(dirsIn(other), refuse, async () => 'both'));
    await expect(both).resolves.toBe('both');
  });

  it('takes a long path to a cache', async () => {
    await using dir = await tempDir();
    const dirs = dirsOf({}, dir.join('long/'.repeat(100)));
    await expect(withLock(dirs, refuse, async () => 'done')).resolves.toBe('done');
  });

  it('waits for the first where it shall, and says for whom', async () => {
    await using dir = await tempDir();
    const order: string[] = [];
    let second: Promise<unknown> = Promise.resolve();
    await withLock(dirsIn(dir), refuse, async () => {
      await new Promise<void>((noticed) => {
        const onWait = ({pid}: {pid: number | undefined}): void => {
          order.push(`waiting for ${pid}`);
          noticed();
        };
        second = withLock(dirsIn(dir), {onWait}, async () => order.push('second'));
      });
      order.push('first');
    });
    await second;
    expect(order).toEqual([`waiting for ${process.pid}`, 'first', 'second']);
  });

  it('lets in all who wait, one at a time', async () => {
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
        {signal: cancel.signal, onWait: () => cancel.abort(new Error('Ctrl-C'))},
        async () => 'never',
      );
      await expect(waiting).rejects.toThrow('Ctrl-C');
    });
  });

  it('names another process, and has the lock as soon as that one is killed', async () => {
    await using dir = await tempDir();
    await using other = await otherHolder(dir, dirsIn(dir));
    await expect(withLock(dirsIn(dir), refuse, async () => 'both')).rejects.toThrow(
      `process ${other.pid} holds`,
    );
    const waiting = withLock(dirsIn(dir), {onWait: other.kill}, async () => 'mine');
    await expect(waiting).resolves.toBe('mine');
  });
});
