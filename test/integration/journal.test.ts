import {readFile, rm, stat} from 'node:fs/promises';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {createJournal, readJournal} from '../../runtime/src/store/journal.ts';
import {createReserve} from '../../runtime/src/store/reserve.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';

const how = {synced: true, urgent: true};
const dir = '/run/small';
const page = 4096;
/** More than the free page and the reserve. */
const tooLong = 'x'.repeat(8 * page);

let node: TestNode;
beforeEach(async () => {
  node = await startNode();
  await node.run(['sh', '-c', `mkdir ${dir} && mount -t tmpfs -o size=${16 * page} tmpfs ${dir}`]);
});
afterEach(async () => {
  await node[Symbol.asyncDispose]();
});

const path = () => node.path(`${dir}/journal`);
const open = () => createJournal(path(), {size: 0, torn: false}, createReserve(node.path(`${dir}/reserve`)));

const textsOnDisk = async () => {
  const texts: string[] = [];
  const {damaged, torn} = await readJournal(path(), (line) => texts.push(line) > 0);
  return {texts, damaged, torn};
};

/** Leaves room for one page; a file that may only grow cannot be truncated. */
const fillUp = () =>
  node.run([
    'sh',
    '-c',
    `chattr +a ${dir}/journal; cat /dev/zero > ${dir}/ballast 2>/dev/null; truncate -s -${page} ${dir}/ballast`,
  ]);

it('keeps the next line when half a line could not be cut off', async () => {
  const journal = open();
  await journal.append(['one'], how);
  await fillUp();
  await expect(journal.append([tooLong], how)).rejects.toMatchObject({code: 'ENOSPC'});
  expect((await readFile(path(), 'utf8')).endsWith('x')).toBe(true); // the half line is there

  await rm(node.path(`${dir}/ballast`));
  await journal.append(['two'], how);
  await journal.append(['three'], how);
  expect(await textsOnDisk()).toMatchObject({texts: ['one', 'two', 'three'], torn: false});
  expect(journal.size()).toBe((await stat(path())).size);
  await journal.close();
});

it('cuts half a line off later, when it could not be cut off at first', async () => {
  const journal = open();
  await journal.append(['one'], how);
  await fillUp();
  await expect(journal.append([tooLong], how)).rejects.toMatchObject({code: 'ENOSPC'});

  await node.run(['sh', '-c', `chattr -a ${dir}/journal; rm ${dir}/ballast`]);
  await journal.append(['two'], how);
  expect(await textsOnDisk()).toEqual({texts: ['one', 'two'], damaged: 0, torn: false});
  expect(journal.size()).toBe((await stat(path())).size);
  await journal.close();
});
