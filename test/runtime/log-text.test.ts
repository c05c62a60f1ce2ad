import {closeSync, fstatSync, openSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {isJournal} from '../../runtime/src/log-text.ts';
import {tempDir} from '../rig/temp-dir.ts';

describe('isJournal', () => {
  it('compares the stream of systemd with stdout by device and inode', async () => {
    await using dir = await tempDir();
    const [stdout, other] = [openSync(dir.join('a'), 'w'), openSync(dir.join('b'), 'w')];
    const {dev, ino} = fstatSync(stdout);
    expect(isJournal(`${dev}:${ino}`, stdout)).toBe(true);
    expect(isJournal(`${dev}:${ino}`, other)).toBe(false);
    expect(isJournal(`${dev}:${ino}0`, stdout)).toBe(false);
    expect(isJournal('', stdout)).toBe(false);
    expect(isJournal(undefined, stdout)).toBe(false);
    closeSync(stdout);
    closeSync(other);
    expect(isJournal(`${dev}:${ino}`, other)).toBe(false);
  });
});
