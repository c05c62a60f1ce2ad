/** GNU patch itself, called as prepare-tree.sh calls it. */

import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {promisify} from 'node:util';
import {type TempDir, tempDir} from '../rig/temp-dir.ts';

export const hasPatch = existsSync('/usr/bin/patch');

export interface Applied {
  readonly ok: boolean;
  readonly text: string | undefined;
  readonly output: string;
}

/** Applies a patch to the text of main.go; undefined: the file does not exist. */
export const gnuPatch = async (patch: string, text: string | undefined, fuzz = 0): Promise<Applied> => {
  await using dir = await tempDir();
  if (text !== undefined) await writeText(dir, 'tree/main.go', text);
  await mkdir(dir.join('tree'), {recursive: true});
  await writeText(dir, 'it.patch', patch);
  const args = ['-d', dir.join('tree'), '-p1', `--fuzz=${fuzz}`, '--no-backup-if-mismatch', '--verbose'];
  const ran = await promisify(execFile)('patch', [...args, '--forward', '-i', dir.join('it.patch')]).then(
    ({stdout}) => ({ok: true, output: stdout}),
    (error: Error & {stdout?: string}) => ({ok: false, output: error.stdout ?? error.message}),
  );
  const after = await readFile(dir.join('tree/main.go'), 'latin1').catch(() => undefined);
  return {...ran, text: after};
};

export const writeText = async (dir: TempDir, name: string, text: string): Promise<void> => {
  await mkdir(dirname(dir.join(name)), {recursive: true});
  await writeFile(dir.join(name), text, 'latin1');
};
