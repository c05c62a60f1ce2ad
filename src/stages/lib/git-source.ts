/** Fetches the tree of a commit from a git repository, in batches. After a broken connection, the next run continues. */

import {join} from 'node:path';
import {removeTree} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import type {TaskRun} from '../../graph/task.ts';
import {CommandError} from '../../host/command-error.ts';
import {
  archive,
  fetchedCommit,
  fetchFiles,
  fetchShape,
  gitEnv,
  initBare,
  missingFiles,
  parseMissing,
} from '../../tools/git.ts';
import type {DemoContext, DemoTask} from '../context.ts';
import {artifactTask} from './products.ts';
import {isTransient, retry} from './retry.ts';

/** The tree in one tarball, without git's metadata. */
export const treeTarball = 'tree.tar';

export interface GitCommit {
  readonly url: string;
  /** A branch, a tag, or the commit itself. */
  readonly ref: string;
  readonly commit: string;
}

export interface GitSourceParts {
  readonly id: string;
  readonly title: string;
  readonly commit: (context: DemoContext) => GitCommit;
  /** The error for a ref that now names the commit `found`. */
  readonly moved: (found: string, context: DemoContext) => UserError;
}

export const gitSourceTask = ({id, title, commit, moved}: GitSourceParts): DemoTask =>
  artifactTask({
    id,
    title,
    needs: [],
    inputs: (context) => ({revision: commit(context).commit}),
    async fill(directory, context, running) {
      const repository = join(context.dirs.cache, 'git', id.slice(id.indexOf('/') + 1));
      const target = {repository, moved, to: join(directory, treeTarball)};
      await fetchCommit(commit(context), target, context, running);
      await removeTree(repository);
    },
  });

/** The number of files in one request. On a slow connection a request takes a minute or two. */
const batch = 4_000;

interface Target extends Pick<GitSourceParts, 'moved'> {
  /** Keeps the fetched files until all have arrived. */
  readonly repository: string;
  /** The tarball. */
  readonly to: string;
}

const fetchCommit = async (
  {url, ref, commit}: GitCommit,
  {repository, moved, to}: Target,
  context: DemoContext,
  {signal, log}: TaskRun,
): Promise<void> => {
  const {host} = context;
  const git = {env: gitEnv, signal};
  const fetch = (command: ReturnType<typeof fetchFiles>, input = '') =>
    retry(() => host.run(command, {...git, input, onLine: log}), signal, {log});
  try {
    await host.run(initBare(repository), git);
    await fetch(fetchShape(repository, url, ref));
    const found = (await host.run(fetchedCommit(repository), git)).stdout.trim();
    if (found !== commit) throw moved(found, context);
    const missing = parseMissing((await host.run(missingFiles(repository, url, commit), git)).stdout);
    for (let from = 0; from < missing.length; from += batch) {
      log(`${from} of ${missing.length} files`);
      const wanted = missing.slice(from, from + batch);
      await fetch(fetchFiles(repository, url), wanted.map((id) => `${id}\n`).join(''));
    }
    await host.run(archive(repository, commit, to), git);
  } catch (error) {
    // After a transient failure the repository is incomplete but valid. After another failure it may be damaged.
    if (!signal.aborted && !(error instanceof CommandError && isTransient(error)))
      await removeTree(repository);
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw gitFailed(url, error);
  }
};

export const gitFailed = (url: string, error: CommandError): UserError =>
  error.reason === 'not found'
    ? new UserError(
        {
          what: 'cannot fetch sources without git',
          why: 'git is not installed',
          tryThis: 'install it: apt-get install git',
          code: 'KNI-E309',
        },
        {cause: error},
      )
    : new UserError(
        {
          code: 'KNI-E109',
          what: `cannot read ${url}`,
          why:
            error.output.split('\n').find((line) => /^(?:fatal|error|ssh|remote):/.test(line)) ??
            error.reason,
          tryThis: 'check the URL, the network and its proxy (https_proxy); git must not ask for a password',
        },
        {cause: error},
      );
