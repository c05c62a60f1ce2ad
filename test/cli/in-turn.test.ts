import {expect, it} from 'vitest';
import {dirsOf} from '../../src/cache/dirs.ts';
import {inTurn} from '../../src/cli/in-turn.ts';
import {tempDir} from '../rig/temp-dir.ts';

it('says whom it waits for, and works when that one has let go', async () => {
  await using dir = await tempDir();
  const dirs = dirsOf({}, dir.path);
  const {signal} = new AbortController();
  const events: string[] = [];
  let second: Promise<unknown> = Promise.resolve();
  await inTurn(dirs, {say: (line) => events.push(line), signal}, async () => {
    await new Promise<void>((waits) => {
      const say = (line: string) => {
        events.push(line);
        waits();
      };
      second = inTurn(dirs, {say, signal}, async () => events.push('second'));
    });
    events.push('first');
  });
  await second;
  expect(events).toEqual([`waiting for another kni-demo, process ${process.pid}`, 'first', 'second']);
});
