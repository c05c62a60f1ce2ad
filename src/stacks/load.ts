/** Reads stacks: manifests/stacks/<name>.yaml, and files like them. */

import {readdir, readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {exists} from '../cache/files.ts';
import {UserError} from '../errors.ts';
import {exitCodes} from '../exit-codes.ts';
import {parseStack} from './parse.ts';
import type {Stack} from './schema.ts';

/** The names of the stacks there are, sorted. */
export const stackNames = async (dir: string): Promise<readonly string[]> =>
  (await readdir(dir))
    .flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []))
    .sort();

/**
 * By its name in `dir`, or by the path of a file, which ends with `.yaml`. Rejects with UserError (exit code `badInput`) for a
 * stack that there is not, or that has problems: all of them, one a line.
 */
export const loadStack = async (stack: string, dir: string): Promise<Stack> => {
  if (!stack.endsWith('.yaml')) return readStack(await pathOf(stack, dir));
  if (await exists(stack)) return readStack(stack);
  throw new UserError({
    what: `unknown stack ${stack}`,
    why: 'there is no such file',
    tryThis: 'name a stack file that exists, or one of the stacks that kni-demo has',
    exitCode: exitCodes.badInput,
  });
};

const pathOf = async (name: string, dir: string): Promise<string> => {
  const known = await stackNames(dir);
  if (!known.includes(name)) {
    throw new UserError({
      what: `unknown stack ${name}`,
      why: `there ${known.length === 1 ? 'is' : 'are'} ${known.join(' and ') || 'none'}`,
      tryThis: 'name one of these with --stack',
      exitCode: exitCodes.badInput,
    });
  }
  return join(dir, `${name}.yaml`);
};

const readStack = async (path: string): Promise<Stack> => {
  const name = basename(path, '.yaml');
  const parsed = parseStack(await readFile(path, 'utf8'), {path, name});
  if (parsed.ok) return parsed.stack;
  throw new UserError({
    what: `stack ${name} cannot be used`,
    why: parsed.problems.join('\n'),
    tryThis: `correct ${path}`,
    exitCode: exitCodes.badInput,
  });
};
