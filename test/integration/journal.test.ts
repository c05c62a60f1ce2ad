import {readFile, rm, stat} from 'node:fs/promises';
import {setTimeout as delay} from 'node:timers/promises';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {createJournal, readJournal} from '../../runtime/src/store/journal.ts';
import {createReserve} from '../../runtime/src/store/reserve.ts';
import {startNode, type TestNode} from '../rig/node/node.ts';

const how = {synced: true, urgent: true};
const dir = '/run/small';
const page = 4096;
/** Checksum, space and newline of a line. */
const framing = 10;
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

const textsOnDisk = async (name = 'journal') => {
  const texts: string[] = [];
  const {damaged, torn} = await readJournal(node.path(`${dir}/${name}`), (line) => texts.push(line) > 0);
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

/**
 * A file system on a device that has less space than it claims, so that writes succeed and a sync fails. Small files need no
 * blocks beside their data there.
 */
const mountThinDisk = async () => {
  const thin = '/run/thin';
  const shell = (...commands: readonly string[]) => node.run(['sh', '-ec', commands.join('\n')]);
  await shell(
    `mkdir ${thin} && mount -t tmpfs tmpfs ${thin}`,
    `truncate -s 16M ${thin}/disk && mke2fs -q -t ext2 -b 4096 -E nodiscard ${thin}/disk`,
    `mount -o loop ${thin}/disk ${dir}`,
  );
  return {
    /** Leaves no space on the device. */
    fill: () =>
      shell(
        'sync',
        `used=$(df --output=used -B1 ${thin} | tail -n 1)`,
        `mount -o remount,size=$used ${thin}`,
      ),
    /** Forgets what only the kernel's memory holds, and gives the device all its space. */
    remountWithSpace: () =>
      shell(`umount ${dir}`, `mount -o remount,size=30M ${thin}`, `mount -o loop ${thin}/disk ${dir}`),
    unmount: () => shell(`umount ${dir}`),
  };
};

it('acknowledges no line that a failed sync has lost, also not one written meanwhile', async () => {
  const disk = await mountThinDisk();
  const journals = Array.from({length: 12}, (_, index) => {
    const at = node.path(`${dir}/journal-${index}`);
    return createJournal(at, {size: 0, torn: false}, createReserve(`${at}-reserve`));
  });
  const synced = {synced: true, urgent: false};
  // Each line fills one page: loop devices report a write as done when only its first pages fit.
  const lineOf = (name: string) => `${name} `.padEnd(page - framing, 'x');
  for (const journal of journals) await journal.append([lineOf('first')], synced);
  await disk.fill();
  for (const [index, journal] of journals.entries()) {
    const outcomes: Promise<string>[] = [];
    for (let line = 0; line < 8; line++) {
      const append = journal.append([lineOf(`line ${line}`)], synced);
      outcomes.push(append.then(() => 'acknowledged', String));
      await delay(index / 8); // so that some are written while others are synced
    }
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatch(/ENOSPC|EIO/);
    expect(journal.isSuspect()).toBe(true);
    await journal.close();
  }

  await disk.remountWithSpace();
  const [journal] = journals;
  await journal?.append(['at last'], how);
  await journal?.rewrite(() => ['one', 'two']);
  expect(journal?.isSuspect()).toBe(false);
  expect(await textsOnDisk('journal-0')).toEqual({texts: ['one', 'two'], damaged: 0, torn: false});
  await journal?.close();
  await disk.unmount();
});

it('has each line once and in order, even with concurrent appends and rewrites', async () => {
  const journal = open();
  const lines = Array.from({length: 300}, (_, index) => `${index}`);
  const written: string[] = [];
  await Promise.all(
    lines.map(async (line, index) => {
      await delay(index / 8);
      if (index % 50 === 49) await journal.rewrite(() => [...written]);
      const onWritten = () => written.push(line);
      await journal.append([line], {synced: index % 3 > 0, urgent: false, onWritten});
    }),
  );
  await journal.close();
  expect(await textsOnDisk()).toEqual({texts: written, damaged: 0, torn: false});
  expect(written.toSorted()).toEqual(lines.toSorted());
  expect(journal.size()).toBe((await stat(path())).size);
});
