import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {setImmediate as nextTurn} from 'node:timers/promises';
import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {PodNetworkRecord} from '../../../runtime/src/network/record.ts';
import {decodeLine, putLine} from '../../../runtime/src/network/record-file.ts';
import {openRecordStore} from '../../../runtime/src/network/record-store.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const config = '{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"a","big":9007199254740993}]}';
const record: PodNetworkRecord = {
  key: 'uid-1a2b',
  pod: {namespace: 'default', name: 'web', uid: 'uid'},
  attempt: '0',
  netns: '/run/netns/kni-uid-1a2b',
  state: 'attached',
  sandbox: 'box',
  request: 'digest',
  attachments: [
    {
      network: 'net',
      ifName: 'eth0',
      config,
      cniArgs: [['IgnoreUnknown', '1']],
      capabilityArgs: {portMappings: [{hostPort: 80}]},
      result: '{"cniVersion":"1.0.0","big":9007199254740993}',
    },
  ],
};
const numbered = (index: number): PodNetworkRecord => ({
  ...record,
  key: `uid-${index}`,
  netns: `/run/netns/kni-uid-${index}`,
  sandbox: `box-${index}`,
});
const keysOf = (records: readonly PodNetworkRecord[]) => records.map(({key}) => key);
const loadedFrom = async (dir: string) => {
  await using store = await openRecordStore(dir);
  return store.loaded;
};

describe('a line of the journal', () => {
  const line = putLine(record, () => 'name');
  const decoded = (text: string, configs: Readonly<Record<string, string>> = {name: config}) =>
    decodeLine(text, (name) => configs[name]);
  const outcomeOf = (text: string): string => {
    try {
      return decoded(text).kind;
    } catch (error) {
      return error instanceof Error ? error.name : 'surprise';
    }
  };

  it('returns the record unchanged, to the last digit', () => {
    const read = decoded(line);
    expect(read).toEqual({kind: 'put', record});
    const again = read.kind === 'put' ? putLine(read.record, () => 'name') : '';
    expect(again).toBe(line);
  });

  it('with a changed byte is refused or read, but never a surprise', () => {
    const known = [
      'put',
      'version',
      'drop',
      'config',
      'SyntaxError',
      'TypeError',
      'InvalidConfig',
      'StateTooNew',
    ];
    fc.assert(
      fc.property(fc.nat(line.indexOf('\t') - 1), fc.string({minLength: 1, maxLength: 1}), (at, char) => {
        expect(outcomeOf(line.slice(0, at) + char + line.slice(at + 1))).toBeOneOf(known);
      }),
    );
  });

  it.each([
    ['no state', {state: undefined}],
    ['an unknown state', {state: 'happy'}],
    ['no sandbox, though attached', {sandbox: undefined}],
    ['no netns', {netns: 7}],
    ['no pod', {pod: null}],
  ])('with %s is refused', (_, fields) => {
    const {attachments: _unused, ...put} = {...record, ...fields};
    expect(() => decoded(JSON.stringify({put}))).toThrow(Error);
  });

  it('with a configuration that was never written is refused', () => {
    expect(() => decoded(line, {})).toThrow('configuration');
  });
});

describe('the store of records', () => {
  it('holds what was written and not removed, the last word counting', async () => {
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

  it('writes a configuration once, however many are attached by it', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.path);
    for (let index = 0; index < 20; index++) await store.write(numbered(index));
    const text = await readFile(dir.join('journal'), 'utf8');
    expect(text.split('9007199254740993').length - 1).toBe(21); // 20 results
    expect(await loadedFrom(dir.path)).toHaveLength(20);
  });

  it('forgets configurations that no record has any more', async () => {
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

  it('keeps the configuration of a record that comes while it is rewritten without it', async () => {
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

  it('does not grow with history, and loses nothing to being rewritten while it is written', async () => {
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

  it('cut off at any byte loses the records of the missing bytes only, and goes on', async () => {
    await using dir = await tempDir();
    await using store = await openRecordStore(dir.join('whole'));
    for (let index = 0; index < 4; index++) await store.write(numbered(index));
    const whole = await readFile(dir.join('whole', 'journal'));
    const ends = [...whole.keys()].filter((at) => whole[at] === 0x0a).map((at) => at + 1);
    const first = ends.at(-4) ?? 0;
    for (let length = first; length < whole.length; length++) {
      const cut = dir.join(`cut-${length}`);
      await mkdir(cut);
      await writeFile(`${cut}/journal`, whole.subarray(0, length));
      await using reopened = await openRecordStore(cut);
      const intact = ends.filter((end) => end <= length).length - (ends.length - 4);
      expect(reopened.loaded).toHaveLength(intact);
      await reopened.write(numbered(9));
      expect(keysOf(await loadedFrom(cut)).at(-1)).toBe('uid-9');
    }
  }, 600_000);

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
  ])('that %s keeps aside what it was, and serves the rest', async (_, spoil, left) => {
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

  it('starts no new journal before the report of the missing one is on disk', async () => {
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

  it('stops at what a later version has written, and leaves it', async () => {
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

describe('the state of version 1', () => {
  const firstVersion = JSON.stringify({version: 1, ...record, request: undefined});

  it('is taken over, and version 1 is kept from starting here', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('uid-1a2b.json'), firstVersion);
    await writeFile(dir.join('uid-1a2b.json.tmp'), '{');
    const {request: _, ...expected} = record;
    expect(await loadedFrom(dir.path)).toEqual([expected]);
    expect((await readdir(dir.path)).sort()).toEqual([
      'journal',
      'moved-to-journal.json',
      'quarantine',
      'reserve',
    ]);
    expect(JSON.parse(await readFile(dir.join('moved-to-journal.json'), 'utf8'))).toEqual({version: 2});
    expect(await loadedFrom(dir.path)).toEqual([expected]);
  });

  it('is no missing journal', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('uid-1a2b.json'), firstVersion);
    await using store = await openRecordStore(dir.path, async () => ['netns kni-uid-1a2b']);
    expect(await store.quarantine.names()).toEqual([]);
  });

  it('that cannot be read is kept aside', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('uid-1a2b.json'), firstVersion);
    await writeFile(dir.join('bad.json'), 'bad');
    await writeFile(dir.join('other-name.json'), firstVersion);
    await using store = await openRecordStore(dir.path);
    expect(keysOf(store.loaded)).toEqual(['uid-1a2b']);
    expect((await store.quarantine.names()).toSorted()).toEqual(['bad.json', 'other-name.json']);
    expect(await readFile(dir.join('quarantine', 'bad.json'), 'utf8')).toBe('bad');
  });
});
