import {chmod, readdir, readFile, stat, writeFile} from 'node:fs/promises';
import {expect, it} from 'vitest';
import {exportPage} from '../../src/dashboard/export-page.ts';
import {readRecording} from '../../src/dashboard/recording.ts';
import {UserError} from '../../src/errors.ts';
import {smallPage} from '../rig/dashboard/page.ts';
import {rejection} from '../rig/demo.ts';
import {output} from '../rig/processes.ts';
import {tempDir} from '../rig/temp-dir.ts';

const time = '2026-11-28T12:00:00.000Z';
const start = JSON.stringify({type: 'start', version: 1, time, cluster: 'test1'});
const line = JSON.stringify({type: 'log', node: 'n', time, level: 'info', msg: '<'.repeat(999)});
const parts = {page: smallPage, mode: {mode: 'replay', speed: 1}, most: 10_000_000} as const;

it('a page that is too large is refused, and the part of the recording that the error names fits', async () => {
  await using dir = await tempDir();
  const [file, part, target] = [dir.join('run.ndjson'), dir.join('part.ndjson'), dir.join('page.html')];
  await writeFile(file, `${start}\n${`${line}\n`.repeat(5_000)}`);
  const recording = await readRecording(file);
  const error = await rejection(exportPage({...parts, file, recording, target}), UserError);
  expect(error.message).toBe(
    `cannot export ${file}: its page would have 31 MB, but kni-demo writes at most 10 MB, because Chromium reads no longer text: each < takes 6 bytes in a page`,
  );
  expect(await readdir(dir.path)).toEqual(['run.ndjson']);
  const command = error.tryThis.replace('take a part of it: ', '').replace('part.ndjson', part);
  await output('sh', ['-c', command]);
  const bytes = await exportPage({...parts, file: part, recording: await readRecording(part), target});
  expect(bytes).toBe((await readFile(target)).length);
  expect(bytes).toBeGreaterThan(5_000_000);
});

it('only the owner can read a new page, and a replaced file keeps its mode', async () => {
  await using dir = await tempDir();
  const [file, target] = [dir.join('run.ndjson'), dir.join('page.html')];
  await writeFile(file, `${start}\n`);
  const recording = await readRecording(file);
  const modeAfterExport = async (): Promise<number> => {
    await exportPage({...parts, file, recording, target});
    return (await stat(target)).mode & 0o777;
  };
  expect(await modeAfterExport()).toBe(0o600);
  await chmod(target, 0o644);
  expect(await modeAfterExport()).toBe(0o644);
});
