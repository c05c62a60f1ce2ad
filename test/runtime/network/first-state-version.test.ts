import {readdir, readFile, writeFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {openRecordStore} from '../../../runtime/src/network/record-store.ts';
import {keysOf, loadedFrom, record} from '../../rig/runtime/records.ts';
import {tempDir} from '../../rig/temp-dir.ts';

describe('the state of version 1', () => {
  const firstVersion = JSON.stringify({version: 1, ...record, request: undefined});

  it('is migrated, and a network runtime of version 1 refuses to start afterwards', async () => {
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

  it('does not count as a missing journal', async () => {
    await using dir = await tempDir();
    await writeFile(dir.join('uid-1a2b.json'), firstVersion);
    await using store = await openRecordStore(dir.path, async () => ['netns kni-uid-1a2b']);
    expect(await store.quarantine.names()).toEqual([]);
  });

  it('that cannot be read is quarantined', async () => {
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
