/** The scratch directory in which `patch` and `git` work on single files. */

import {mkdtemp, readFile, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {removeTree} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {CommandError} from '../host/command-error.ts';
import type {Host} from '../host/host.ts';

export interface Workbench {
  readonly host: Host;
  readonly directory: string;
  readonly signal: AbortSignal;
}

export const withWorkbench = async <Result>(
  host: Host,
  signal: AbortSignal,
  use: (bench: Workbench) => Promise<Result>,
): Promise<Result> => {
  const directory = await mkdtemp(join(tmpdir(), 'kni-demo-patch-'));
  try {
    return await use({host, directory, signal});
  } finally {
    await removeTree(directory);
  }
};

/** Writes a file of latin1 text; returns its path. */
export const putFile = async ({directory}: Workbench, name: string, text: string): Promise<string> => {
  const path = join(directory, name);
  await writeFile(path, text, 'latin1');
  return path;
};

export const readBack = (path: string): Promise<string> => readFile(path, 'latin1');

/** Rejects with UserError (exit code `hostLacks`) that names all missing programs. */
export const requirePrograms = async (
  host: Host,
  programs: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const found = await Promise.all(programs.map((program) => isInstalled(host, program, signal)));
  const missing = programs.filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  throw new UserError({
    what: 'this machine lacks a program that this command needs',
    why: `not installed: ${missing.join(', ')}`,
    tryThis: `install it, on Debian: apt-get install ${missing.join(' ')}`,
    code: 'KNI-E309',
  });
};

const isInstalled = async (host: Host, program: string, signal: AbortSignal): Promise<boolean> => {
  try {
    await host.run([program, ['--version']], {signal});
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.reason === 'not found') return false;
    throw error;
  }
};
