import {expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {runLocked} from '../../src/cli/run-locked.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('names the command that it waits for, and runs once that has finished', async () => {
  await using dir = await tempDir();
  const dirs = dirsOf({}, dir.path);
  const {signal} = new AbortController();
  const events: string[] = [];
  let second: Promise<unknown> = Promise.resolve();
  const turn = {command: 'kni-demo up', lockTimeout: 60_000, signal};
  await runLocked(dirs, {...turn, say: (line) => events.push(line)}, async () => {
    await new Promise<void>((waits) => {
      const say = (line: string) => {
        events.push(line);
        waits();
      };
      second = runLocked(dirs, {...turn, say}, async () => events.push('second'));
    });
    events.push('first');
  });
  await second;
  expect(events).toEqual([
    expect.stringMatching(
      `^waiting for another kni-demo: process ${process.pid} \\(kni-demo up, since [-0-9]{10} [:0-9]{8} UTC\\)$`,
    ),
    'first',
    'second',
  ]);
});
