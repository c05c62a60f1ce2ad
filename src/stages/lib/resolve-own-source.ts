/** Resolves the user's own sources to a commit or to the current contents of a directory, before anything is built. */

import {realpath, stat} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {exists} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import {type Component, isUrl, type OwnSource, type Place} from '../../stacks/own-source.ts';
import {errorCodeOf} from '../../thrown.ts';
import {changes, gitEnv, listRemote, parseRemote} from '../../tools/git.ts';
import type {DemoContext} from '../context.ts';
import {gitFailed} from './git-source.ts';
import {retry} from './retry.ts';
import {inScratch} from './scratch.ts';
import {snapshotOf} from './snapshot.ts';

/** A source, its exact revision, and whether our patches are applied to it. */
export interface ResolvedSource extends OwnSource {
  /** The id of the commit, or a digest of the directory's contents: hexadecimal digits. */
  readonly revision: string;
  readonly patched: boolean;
}

type SourceContext = Pick<DemoContext, 'host' | 'dirs'>;

/** Rejects with UserError if the source does not exist, or is not a source of the component. */
export const resolveOwnSource = async (
  {component, place}: OwnSource,
  patched: boolean,
  context: SourceContext,
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
  new UserError({what, why, tryThis, code: 'KNI-E204'}, {cause});

/** A directory that every source tree of the component has. */
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
      'it is neither a directory nor a git URL',
      'name a directory, or a URL such as https://host/me/kubernetes',
    );
  }
  if (!(await exists(join(path, programOf[component])))) {
    throw badInput(
      `${shown} cannot be used`,
      `it has no ${programOf[component]}, which every source tree of ${component} has`,
      `name the top directory of a source tree of ${component}`,
    );
  }
  return realpath(path);
};

/** A local repository. Refuses uncommitted changes, because only the commit is built, which would surprise the user. */
const repositoryAt = async (
  {url, ref}: Extract<Place, {kind: 'git'}>,
  {host}: SourceContext,
  signal: AbortSignal,
): Promise<string> => {
  const directory = resolve(url);
  try {
    const {stdout} = await host.run(changes(directory), {env: gitEnv, signal});
    if (stdout.trim() !== '') {
      const [first = ''] = stdout.trim().split('\n');
      throw badInput(
        `${url} has uncommitted changes, which #${ref} does not include`,
        first.trim(),
        `commit them, or omit #${ref} to build the directory with these changes`,
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
  {host}: SourceContext,
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
    `${ref} does not exist at ${url}`,
    'no branch or tag has this name',
    `name an existing branch or tag, or a full commit id: --source ${component}=${url}#main; see git ls-remote ${url}`,
  );
};

const contentsOf = (path: string, {host, dirs}: SourceContext, signal: AbortSignal): Promise<string> =>
  inScratch(
    dirs,
    'snapshot',
    'contents',
    async (scratch) => (await snapshotOf(host, path, scratch, signal)).id,
  );
