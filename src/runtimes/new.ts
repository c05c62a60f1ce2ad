/** Creates a project for a network runtime: a template, and for TypeScript the SDK in its directory `.kni`. */

import {cp, mkdir, readdir, rename, rm, stat} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {UserError} from '../errors.ts';
import {makeDirectory} from '../make-directory.ts';
import {project} from '../project.ts';
import {errorCodeOf, messageOf} from '../thrown.ts';
import {programName} from './build.ts';
import {isMountable, unmountable} from './go-project.ts';
import type {Language} from './languages.ts';

/** Files are complete here before the first of them gets its place. Its presence marks an interrupted run. */
const unfinished = '.kni-new';
const typescriptSdk = ['sdk.js', 'sdk.d.ts'] as const;
/** Files that a build has left in a template: a checkout may have them. They are not copied. */
const built: Readonly<Record<Language, readonly string[]>> = {
  typescript: ['.kni', programName({kind: 'typescript'})],
  go: [programName({kind: 'go'})],
};

/**
 * Returns the created files, relative to the directory. The directory gets all of them or, after an error, none. TypeScript needs
 * the files in the directory `sdk`.
 */
export const createProject = async (
  directory: string,
  language: Language,
  {sdk = project.sdk, templates = project.templates}: Partial<Pick<typeof project, 'sdk' | 'templates'>> = {},
): Promise<readonly string[]> => {
  if (language === 'go' && !isMountable(directory))
    throw refusal(directory, {why: unmountable, tryThis: 'choose a directory without a colon in its path'});
  const template = join(templates, language);
  const sdkFiles = language === 'typescript' ? typescriptSdk : [];
  const ofTemplate = (await readdir(template)).filter((name) => !built[language].includes(name)).sort();
  const names = [...ofTemplate, ...(sdkFiles.length > 0 ? ['.kni'] : [])];
  await requireEmpty(directory, names);
  if (sdkFiles.length > 0) await requireSdk(sdk);
  const created = await attempt(directory, async () => makeDirectory(directory));
  const work = join(directory, unfinished);
  try {
    await attempt(directory, async () => {
      await mkdir(work);
      for (const name of ofTemplate) await cp(join(template, name), join(work, name), {recursive: true});
      if (sdkFiles.length > 0) await mkdir(join(work, '.kni'));
      for (const name of sdkFiles) await cp(join(sdk, name), join(work, '.kni', name));
      for (const name of names) await rename(join(work, name), join(directory, name));
      await rm(work, {recursive: true});
    });
  } catch (error) {
    for (const name of [...names, unfinished])
      await rm(join(directory, name), {recursive: true, force: true});
    for (const path of created) await rm(path, {recursive: true, force: true});
    throw error;
  }
  return [...(await filesIn(template, ofTemplate)), ...sdkFiles.map((name) => join('.kni', name))];
};

/** The files of these entries, relative to the directory, sorted. */
const filesIn = async (directory: string, names: readonly string[]): Promise<readonly string[]> => {
  const entries = await readdir(directory, {recursive: true, withFileTypes: true});
  return entries
    .filter((entry) => entry.isFile())
    .map(({parentPath, name}) => relative(directory, join(parentPath, name)))
    .filter((path) => names.includes(path.split('/')[0] ?? ''))
    .sort();
};

/** An interrupted run may have left files of the template: they are removed. A repository of git may be there already. */
const requireEmpty = async (directory: string, names: readonly string[]): Promise<void> => {
  const found = await readdir(directory).catch((error: unknown): string[] => {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw refused(directory, error);
  });
  const isInterrupted = found.includes(unfinished);
  const leftovers: ReadonlySet<string> = new Set(isInterrupted ? [unfinished, ...names] : []);
  const others = found.filter((name) => name !== '.git' && !leftovers.has(name));
  if (others.length > 0)
    throw refusal(directory, {
      why: `the directory is not empty: it has ${others[0]}${others.length > 1 ? ` and ${others.length - 1} more` : ''}`,
      tryThis: 'choose a new directory: files are never overwritten',
    });
  for (const name of leftovers) await rm(join(directory, name), {recursive: true, force: true});
};

const requireSdk = async (sdk: string): Promise<void> => {
  const path = join(sdk, typescriptSdk[0]);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new UserError({
      what: 'cannot find the SDK of kni-demo',
      why: `${path} does not exist`,
      tryThis: 'npm run build',
      code: 'KNI-E114',
    });
};

const attempt = async <T>(directory: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw refused(directory, error);
  }
};

const refused = (directory: string, cause: unknown): UserError =>
  errorCodeOf(cause) === 'ENOTDIR'
    ? refusal(
        directory,
        {why: 'the path, or a part of it, is a file', tryThis: 'choose a new directory'},
        cause,
      )
    : refusal(directory, {why: messageOf(cause), tryThis: 'choose a directory that you may write'}, cause);

const refusal = (
  directory: string,
  texts: {readonly why: string; readonly tryThis: string},
  cause?: unknown,
): UserError =>
  new UserError(
    {what: `cannot create a network runtime in ${directory}`, ...texts, code: 'KNI-E213'},
    {cause},
  );
