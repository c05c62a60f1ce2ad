import {appendFile, readFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {createJournal, readJournal} from '../../../runtime/src/store/journal.ts';
import {createReserve} from '../../../runtime/src/store/reserve.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const how = {synced: false, urgent: true};

const textsIn = async (path: string) => {
  const texts: string[] = [];
  const content = await readJournal(path, (line) => texts.push(line) > 0);
  return {...content, texts};
};

it('continues after a line that was cut off, without losing what comes next', async () => {
  await using dir = await tempDir();
  const path = dir.join('journal');
  const reserve = createReserve(dir.join('reserve'));
  const first = createJournal(path, {size: 0, torn: false}, reserve);
  await first.append(['one'], how);
  await first.close();
  await appendFile(path, '12345678 half a li');
  const read = await textsIn(path);
  expect(read).toMatchObject({texts: ['one'], damaged: 1, torn: true});

  const next = createJournal(path, read, reserve);
  await next.append(['two'], how);
  await next.append(['three'], how);
  await next.close();
  expect(await textsIn(path)).toMatchObject({texts: ['one', 'two', 'three'], damaged: 1, torn: false});
  expect(next.size()).toBe((await readFile(path)).length);
});

it('continues in the file that has taken the place of the first one', async () => {
  await using dir = await tempDir();
  const path = dir.join('journal');
  const journal = createJournal(path, {size: 0, torn: false}, createReserve(dir.join('reserve')));
  await journal.append(['one', 'two'], how);
  const kept = ['all', 'that', 'counts'];
  await Promise.all([journal.rewrite(() => kept), journal.append(['more'], how)]);
  await journal.append(['and more'], {synced: true, urgent: true});
  await journal.close();
  expect(await textsIn(path)).toMatchObject({texts: [...kept, 'more', 'and more'], damaged: 0, torn: false});
  expect(journal.size()).toBe((await readFile(path)).length);
});
