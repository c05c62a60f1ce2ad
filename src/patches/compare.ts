/** Three-way merges and differences of texts, by git. Text is latin1. */

import {join} from 'node:path';
import {CommandError} from '../host/command-error.ts';
import type {RunOptions} from '../host/host.ts';
import {diffFiles, mergeFile, withoutConfig} from '../tools/git.ts';
import {putFile, readBack, type Workbench} from './workbench.ts';

/** The change from `base` to `theirs`, merged into `ours`; undefined if both sides changed the same lines. */
export const mergeTexts = async (
  bench: Workbench,
  {ours, base, theirs}: {readonly ours: string; readonly base: string; readonly theirs: string},
): Promise<string | undefined> => {
  const path = await putFile(bench, 'ours', ours);
  const command = mergeFile(path, await putFile(bench, 'base', base), await putFile(bench, 'theirs', theirs));
  try {
    await bench.host.run(command, optionsFor(bench));
    return await readBack(path);
  } catch (error) {
    // git reports the number of conflicts up to 127; 255 is an error of git itself.
    if (error instanceof CommandError && (error.exitStatus ?? 255) < 128) return undefined;
    throw error;
  }
};

/** The hunks between two texts. */
export const diffTexts = async (bench: Workbench, before: string, after: string): Promise<string> => {
  const output = await putFile(bench, 'diff', '');
  const command = diffFiles(
    await putFile(bench, 'before', before),
    await putFile(bench, 'after', after),
    output,
  );
  await bench.host.run(command, optionsFor(bench)).catch((error: unknown) => {
    if (!(error instanceof CommandError) || error.exitStatus !== 1) throw error;
  });
  const diff = await readBack(output);
  return diff.slice(Math.max(0, diff.search(/^@@ /m)));
};

const optionsFor = ({directory, signal}: Workbench): RunOptions => ({
  signal,
  env: withoutConfig(join(directory, 'missing')),
});
