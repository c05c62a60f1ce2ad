/** Loads stack files: those in manifests/stacks, and the user's own. */

import {readdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {parseStack} from './parse.ts';
import type {Stack} from './schema.ts';

/** The names of the stack files in `dir`, sorted. */
export const stackNames = async (dir: string): Promise<readonly string[]> =>
  (await readdir(dir))
    .flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []))
    .sort();

/** Whether `stack` is the path of a file, and not a name. */
export const isStackFile = (stack: string): boolean => /\.ya?ml$/.test(stack);

/**
 * `stack` is a name in `dir`, or the path of a file that ends with `.yaml` or `.yml`. Rejects with UserError (exit code
 * `badInput`) if the stack does not exist or is invalid. The error lists all problems, one per line.
 */
export const loadStack = async (stack: string, dir: string): Promise<Stack> => {
  if (!isStackFile(stack)) return readStack(await pathOf(stack, dir));
  if (await exists(stack)) return readStack(stack);
  throw new UserError({
    what: `unknown stack ${stack}`,
    why: 'the file does not exist',
    tryThis: 'choose an existing stack file, or a stack of kni-demo',
    code: 'KNI-E202',
  });
};

const pathOf = async (name: string, dir: string): Promise<string> => {
  const known = await stackNames(dir);
  if (!known.includes(name)) {
    throw new UserError({
      what: `unknown stack ${name}`,
      why: known.length === 0 ? `${dir} has no stack files` : `the known stacks are ${known.join(' and ')}`,
      tryThis: 'choose one of these with --stack',
      code: 'KNI-E202',
    });
  }
  return join(dir, `${name}.yaml`);
};

const readStack = async (path: string): Promise<Stack> => {
  const name = basename(path).replace(/\.ya?ml$/, '');
  const result = parseStack(await readFile(path, 'utf8'), {path, name});
  if (result.ok) return result.stack;
  throw new UserError({
    what: `invalid stack ${name}`,
    why: result.problems.join('\n'),
    tryThis: `correct ${path}`,
    code: 'KNI-E203',
  });
};
