import {readdir, readFile, writeFile} from 'node:fs/promises';
import * as fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import type {PodNetwork} from '../../../runtime/src/network/record.ts';
import {decodeRecord, encodeRecord} from '../../../runtime/src/network/record-file.ts';
import {openRecordStore} from '../../../runtime/src/network/record-store.ts';
import {tempDir} from '../../rig/temp-dir.ts';

const record: PodNetwork = {
  key: 'uid-1a2b',
  pod: {namespace: 'default', name: 'web', uid: 'uid'},
  attempt: '0',
  netns: '/run/netns/kni-uid-1a2b',
  state: 'attached',
  sandbox: 'box',
  attachments: [
    {
      network: 'net',
      ifName: 'eth0',
      config: '{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"a","big":9007199254740993}]}',
      cniArgs: [['IgnoreUnknown', '1']],
      capabilityArgs: {portMappings: [{hostPort: 80}]},
      result: '{"cniVersion":"1.0.0","big":9007199254740993}',
    },
  ],
};

const outcomeOf = (text: string): string => {
  try {
    decodeRecord(text);
    return 'record';
  } catch (error) {
    return error instanceof Error ? error.name : 'surprise';
  }
};

describe('a record on disk', () => {
  it('comes back as it was, to the last digit', () => {
    expect(decodeRecord(encodeRecord(record))).toEqual(record);
  });

  it('cut off anywhere is refused', () => {
    const text = encodeRecord(record).trimEnd();
    for (let length = 0; length < text.length; length++)
      expect(() => decodeRecord(text.slice(0, length))).toThrow(SyntaxError);
  });

  it('with a changed byte is refused or read, but never a surprise', () => {
    const text = encodeRecord(record);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({minLength: 1, maxLength: 1}), (at, char) => {
        const spoilt = text.slice(0, at) + char + text.slice(at + 1);
        expect(outcomeOf(spoilt)).toBeOneOf([
          'record',
          'SyntaxError',
          'TypeError',
          'InvalidConfig',
          'StateTooNew',
        ]);
      }),
    );
  });

  it.each([
    ['no state', {state: undefined}],
    ['an unknown state', {state: 'happy'}],
    ['no sandbox, though attached', {sandbox: undefined}],
    ['no netns', {netns: 7}],
    ['no pod', {pod: null}],
    ['an attachment that is none', {attachments: [7]}],
    ['an attachment with a broken configuration', {attachments: [{...record.attachments[0], config: '{}'}]}],
    ['an attachment with a broken result', {attachments: [{...record.attachments[0], result: '{'}]}],
  ])('with %s is refused', (_, fields) => {
    expect(() => decodeRecord(JSON.stringify({version: 1, ...record, ...fields}))).toThrow(Error);
  });
});

describe('the store of records', () => {
  it('holds what was written and not removed', async () => {
    await using dir = await tempDir();
    const store = await openRecordStore(dir.path);
    await store.write(record);
    await store.write({...record, key: 'other'});
    await store.remove('other');
    await store.remove('never-there');
    expect(await (await openRecordStore(dir.path)).load()).toEqual({records: [record], quarantined: []});
  });

  it('keeps aside what cannot be read, and remembers that it did', async () => {
    await using dir = await tempDir();
    const store = await openRecordStore(dir.path);
    await store.write(record);
    await writeFile(dir.join('bad.json'), 'bad');
    expect(await store.load()).toEqual({records: [record], quarantined: ['bad']});
    expect(await store.load()).toEqual({records: [record], quarantined: ['bad']});
    expect(await readFile(dir.join('quarantine', 'bad.json'), 'utf8')).toBe('bad');
  });

  it('stops at what a later version has written, and leaves it', async () => {
    await using dir = await tempDir();
    const store = await openRecordStore(dir.path);
    await writeFile(dir.join('new.json'), '{"version":2}');
    await expect(store.load()).rejects.toMatchObject({name: 'StateTooNew'});
    expect(await readdir(dir.path)).toContain('new.json');
  });

  it('tells a disk that cannot be written from one that is full', async () => {
    await using dir = await tempDir();
    const store = await openRecordStore(dir.path);
    await expect(store.write({...record, key: 'no/such/place'})).rejects.toMatchObject({
      name: 'StoreFailed',
      full: false,
    });
  });
});
