/** Finds out what a user's own sources are at this moment, before anything is built of them. */

import {realpath, stat} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {exists} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import {CommandError} from '../../host/command-error.ts';
import {type Component, isUrl, type OwnSource, type Place} from '../../stacks/own-source.ts';
import {errorCodeOf} from '../../thrown.ts';
import {changes, gitEnv, listRemote, parseRemote} from '../../tools/git.ts';
import type {DemoContext} from '../context.ts';
import {gitFailed} from './git-source.ts';
import {retry} from './retry.ts';
import {inScratch} from './scratch.ts';
import {snapshotOf} from './snapshot.ts';

/** What is built: the commit, or the contents of a directory, and whether our series goes on top. */
export interface ResolvedSource extends OwnSource {
  /** Of the commit, or of the contents: hexadecimal digits. */
  readonly revision: string;
  readonly patched: boolean;
}

type Surroundings = Pick<DemoContext, 'host' | 'dirs'>;

/** Rejects with UserError for what is not there, or is no source of the component. */
export const resolveOwnSource = async (
  {component, place}: OwnSource,
  patched: boolean,
  context: Surroundings,
  signal: AbortSignal,
): Promise<ResolvedSource> => {
  if (place.kind === 'git') {
    const url = isUrl(place.url) ? place.url : await repositoryAt(place, context, signal);
    const found = {...place, url};
    return {component, place: found, patched, revision: await commitOf(component, found, context, signal)};
  }
  const path = await directoryAt(component, place.path);
  return {component, place: {...place, path}, patched, revision: await contentsOf(path, context, signal)};
};

const badInput = (what: string, why: string, tryThis: string, cause?: unknown): UserError =>
  new UserError({what, why, tryThis, exitCode: exitCodes.badInput}, {cause});

/** What everybody who builds a component needs of it. */
const programOf = {kubernetes: 'cmd/kubelet', containerd: 'cmd/containerd'} as const satisfies Record<
  Component,
  string
>;

const directoryAt = async (component: Component, path: string): Promise<string> => {
  const shown = `--source ${component}=${path}`;
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(errorCodeOf(error) ?? '')) return false;
      throw error;
    },
  );
  if (!isDirectory) {
    throw badInput(
      `${shown} cannot be used`,
      'there is no such directory, and it is no git URL',
      'name a directory, or a URL such as https://host/me/kubernetes',
    );
  }
  if (!(await exists(join(path, programOf[component])))) {
    throw badInput(
      `${shown} cannot be used`,
      `it holds no ${programOf[component]}, which a source tree of ${component} has`,
      `name the top directory of a source tree of ${component}`,
    );
  }
  return realpath(path);
};

/** A directory that is meant at a commit: what is not committed would not be built, and somebody would wonder. */
const repositoryAt = async (
  {url, ref}: Extract<Place, {kind: 'git'}>,
  {host}: Surroundings,
  signal: AbortSignal,
): Promise<string> => {
  const directory = resolve(url);
  try {
    const {stdout} = await host.run(changes(directory), {env: gitEnv, signal});
    if (stdout.trim() !== '') {
      const [first = ''] = stdout.trim().split('\n');
      throw badInput(
        `${url} has changes that are not committed, and ${ref} was asked for`,
        first.trim(),
        `commit them, or leave out #${ref} to build the directory as it is`,
      );
    }
  } catch (error) {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw gitFailed(url, error);
  }
  return directory;
};

const commitOf = async (
  component: Component,
  {url, ref}: Extract<Place, {kind: 'git'}>,
  {host}: Surroundings,
  signal: AbortSignal,
): Promise<string> => {
  if (/^[0-9a-f]{40}$/.test(ref)) return ref;
  const {stdout} = await retry(
    () => host.run(listRemote(url, ref), {env: gitEnv, signal, timeout: 60_000}),
    signal,
  ).catch((error: unknown): never => {
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw gitFailed(url, error);
  });
  const commit = parseRemote(stdout, ref);
  if (commit !== undefined) return commit;
  throw badInput(
    `there is no ${ref} at ${url}`,
    'no branch and no tag is called so',
    `name one that exists, or a whole commit id: --source ${component}=${url}#main; see git ls-remote ${url}`,
  );
};

const contentsOf = (path: string, {host, dirs}: Surroundings, signal: AbortSignal): Promise<string> =>
  inScratch(
    dirs,
    'snapshot',
    'contents',
    async (scratch) => (await snapshotOf(host, path, scratch, signal)).id,
  );
