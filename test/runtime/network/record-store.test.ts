import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {openRecordStore} from '../../../runtime/src/network/record-store.ts';
import {config, keysOf, loadedFrom, record} from '../../rig/runtime/records.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const numbered = (index: number): PodNetworkRecord => ({
  ...record,
  key: `uid-${index}`,
  netns: `/run/netns/kni-uid-${index}`,
  sandbox: `box-${index}`,
});

describe('the store of records', () => {
  it('holds the last write of each record that was not removed', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    await store.write({...record, state: 'created'});
    await store.write({...record, key: 'other'});
    await store.write(record);
    await store.remove('other');
    await store.remove('never-there');
    expect(await loadedFrom(dir.path)).toEqual([record]);
    expect(store.trouble()).toBeUndefined();
  });

  it('writes a configuration once for all records that use it', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    for (let index = 0; index < 20; index++) await store.write(numbered(index));
    const text = await readFile(dir.join('journal'), 'utf8');
    expect(text.split('9007199254740993').length - 1).toBe(21); // 20 results
    expect(await loadedFrom(dir.path)).toHaveLength(20);
  });

  it('drops configurations that no record uses', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    const configOf = (round: number) =>
      config.replace('"type":"a"', `"type":"a","subnet":"${round}/${'x'.repeat(4096)}"`);
    for (let round = 0; round < 200; round++) {
      const attachments = record.attachments.map((each) => ({...each, config: configOf(round)}));
      await store.write({...record, attachments});
    }
    expect((await readFile(dir.join('journal'))).length).toBeLessThan(400_000); // of 800,000 that were written
    expect(await loadedFrom(dir.path)).toMatchObject([{attachments: [{config: configOf(199)}]}]);
    await using reopened = await openRecordStore(dir.path); // records are written as they were read
    for (let round = 0; round < 800; round++) await reopened.write(numbered(round % 2));
    expect(await loadedFrom(dir.path)).toMatchObject([{attachments: [{config: configOf(199)}]}, {}, {}]);
  });

  it('keeps the configuration of a record that is written during a rewrite of the journal', async () => {
    await using dir = await tempDir();
    const other = config.replace('"name":"net"', '"name":"other"');
    const attachments = record.attachments.map((each) => ({...each, config: other}));
    const late: PodNetworkRecord = {...numbered(1), attachments};
    {
      await using store = await openRecordStore(dir.path);
      await store.write(late);
      await store.remove(late.key); // its configuration is in the journal, but no longer needed
      const rewriting = new AbortController();
      const history = (async () => {
        while (!rewriting.signal.aborted) await store.write({...record, request: 'x'.repeat(10_000)});
      })();
      while (!existsSync(dir.join('journal.tmp'))) await nextTurn();
      rewriting.abort();
      await store.write(late);
      await history;
    }
    expect(keysOf(await loadedFrom(dir.path)).sort()).toEqual([record.key, late.key].sort());
    expect(await readdir(dir.join('quarantine'))).toEqual([]);
  });

  it('does not grow with history, and loses no write during a rewrite of the journal', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    const churn = async (index: number) => {
      for (let round = 0; round < 40; round++) {
        await store.write({...numbered(index), attempt: String(round)});
        if (round % 2 === 1 && index % 2 === 1) await store.remove(`uid-${index}`);
      }
    };
    await Promise.all(Array.from({length: 50}, (_, index) => churn(index)));
    expect((await readFile(dir.join('journal'))).length).toBeLessThan(600_000);
    const loaded = await loadedFrom(dir.path);
    const expected = Array.from({length: 25}, (_, index) => `uid-${index * 2}`);
    expect(keysOf(loaded).sort()).toEqual(expected.sort());
    expect(loaded.every(({attempt}) => attempt === '39')).toBe(true);
  });

  it('cut off at any byte loses only the records in the missing bytes, and accepts writes', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.join('whole'));
    for (let index = 0; index < 2; index++) await store.write(numbered(index));
    const whole = await readFile(dir.join('whole', 'journal'));
    const ends = [...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1);
    const first = ends.at(-2) ?? 0; // the end of the first record
    const cutAt = async (length: number) => {
      const cut = dir.join(`cut-${length}`);
      await mkdir(cut);
      await writeFile(`${cut}/journal`, whole.subarray(0, length));
      await using reopened = await openRecordStore(cut);
      expect(keysOf(reopened.loaded)).toEqual(['uid-0']);
      await reopened.write(numbered(9));
      expect(keysOf(await loadedFrom(cut))).toEqual(['uid-0', 'uid-9']);
    };
    const lengths = Array.from({length: whole.length - first}, (_, index) => first + index);
    while (lengths.length > 0) await Promise.all(lengths.splice(0, 32).map(cutAt));
  });

  it.each<[string, (bytes: Buffer) => Buffer, number]>([
    ['is empty', () => Buffer.alloc(0), 0],
    ['is 4 KB of zeros', () => Buffer.alloc(4096), 0],
    ['ends in zeros', (bytes) => Buffer.concat([bytes, Buffer.alloc(4096)]), 3],
    [
      'has a flipped bit',
      (bytes) => {
        const at = bytes.indexOf('uid-1');
        return Buffer.concat([bytes.subarray(0, at), Buffer.from([bytes[at]! ^ 1]), bytes.subarray(at + 1)]);
      },
      2,
    ],
  ])('that %s quarantines the damaged journal, and serves the rest', async (_, spoil, left) => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    for (let index = 0; index < 3; index++) await store.write(numbered(index));
    const spoilt = spoil(await readFile(dir.join('journal')));
    await writeFile(dir.join('journal'), spoilt);
    await using reopened = await openRecordStore(dir.path);
    expect(reopened.loaded).toHaveLength(left);
    const aside = await reopened.quarantine.names();
    expect(aside).toHaveLength(spoilt.length === 0 ? 0 : 1);
    for (const name of aside) expect(await readFile(dir.join('quarantine', name))).toEqual(spoilt);
    await using again = await openRecordStore(dir.path); // whole again, and no second copy
    expect(await again.quarantine.names()).toEqual(aside);
    expect(again.loaded).toHaveLength(left);
  });

  it('reports a missing journal while pods may run, until a person accepts the loss', async () => {
    await using dir = await tempDir();
    const signs = async () => ['netns kni-uid-1a2b'];
    {
      await using store = await openRecordStore(dir.path, signs);
      await store.write(record);
    }
    await using again = await openRecordStore(dir.path, signs); // with a journal by now
    const names = await again.quarantine.names();
    expect(names).toEqual([expect.stringMatching(/^missing-journal-\d+$/)]);
    expect(await readFile(dir.join('quarantine', names[0] ?? ''), 'utf8')).toContain('netns kni-uid-1a2b');
    expect(await again.quarantine.accept()).toEqual(names);
    expect(await again.quarantine.names()).toEqual([]);
    expect(await readdir(dir.join('accepted'))).toEqual(names);
    expect(keysOf(await loadedFrom(dir.path))).toEqual([record.key]);
  });

  it('creates no journal before the report of the missing one is on disk', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('quarantine'), 'not a directory');
    const signs = () => Promise.reject(new Error('cannot look'));
    await using store = await openRecordStore(dir.path, signs);
    await expect(store.write(record)).rejects.toMatchObject({name: 'StoreFailed'});
    expect(await store.quarantine.names()).toHaveLength(1);
    expect(await readdir(dir.path)).not.toContain('journal');
    await rm(dir.join('quarantine'));
    await store.write(record);
    expect(await store.quarantine.names()).toHaveLength(1);
    expect(await readdir(dir.join('quarantine'))).toHaveLength(1);
  });

  it('remembers damage to the journal whose copy it cannot write', async () => {
    await using dir = await tempDir();
    {
      await using store = await openRecordStore(dir.path);
      for (let index = 0; index < 2; index++) await store.write(numbered(index));
    }
    const spoilt = (await readFile(dir.join('journal'), 'utf8')).replace('uid-1', 'uid-7');
    await writeFile(dir.join('journal'), spoilt);
    await rm(dir.join('quarantine'), {recursive: true});
    await writeFile(dir.join('quarantine'), 'not a directory');
    await using store = await openRecordStore(dir.path);
    expect(await store.quarantine.names()).toEqual([expect.stringMatching(/^journal-\d+$/)]);
    expect(await readFile(dir.join('journal'), 'utf8')).toBe(spoilt);
    await rm(dir.join('quarantine'));
    await store.write(numbered(9));
    await using again = await openRecordStore(dir.path);
    expect(keysOf(again.loaded)).toEqual(['uid-0', 'uid-9']);
    expect(await again.quarantine.names()).toHaveLength(2); // the report, and a copy of the journal
  });

  it('refuses a journal of a later version, and does not change it', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    await store.write(record);
    const text = await readFile(dir.join('journal'), 'utf8');
    const {crc32} = await import('node:zlib');
    const later = '{"version":3}';
    const spoilt = `${crc32(later).toString(16).padStart(8, '0')} ${later}\n${text}`;
    await writeFile(dir.join('journal'), spoilt);
    await expect(openRecordStore(dir.path)).rejects.toMatchObject({name: 'StateTooNew'});
    expect(await readFile(dir.join('journal'), 'utf8')).toBe(spoilt);
  });
});
