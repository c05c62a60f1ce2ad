/** A commit's tree out of a git repository, fetched in parts: what has arrived when a connection breaks is kept. */

import {join} from 'node:path';
import {removeTree} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import {exitCodes} from '../../exit-codes.ts';
import type {Running} from '../../graph/task.ts';
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
import {artifactTask} from '../lib/products.ts';
import {passes, persistently} from '../lib/retry.ts';

/** The tree as one tarball, which knows nothing of where it comes from. */
export const treeTarball = 'tree.tar';

export interface GitCommit {
  readonly url: string;
  /** A branch, a tag, or the commit itself. */
  readonly ref: string;
  readonly commit: string;
}

export interface GitSourceParts extends GitCommit {
  readonly id: string;
  readonly title: string;
  /** What to say where the name means another commit. */
  readonly moved: (found: string) => UserError;
}

export const gitSourceTask = ({id, title, moved, ...wanted}: GitSourceParts): DemoTask =>
  artifactTask({
    id,
    title,
    needs: [],
    inputs: () => ({revision: wanted.commit}),
    async fill(directory, context, running) {
      const repository = join(context.dirs.cache, 'git', id.slice(id.indexOf('/') + 1));
      await fetchCommit(wanted, {repository, moved, to: join(directory, treeTarball)}, context, running);
      await removeTree(repository);
    },
  });

/** As many files as are asked for at once: with a slow line, a minute's work or two. */
const batch = 4_000;

interface Fetching {
  /** Where what was fetched is kept until all is there. */
  readonly repository: string;
  readonly moved: (found: string) => UserError;
  readonly to: string;
}

const fetchCommit = async (
  {url, ref, commit}: GitCommit,
  {repository, moved, to}: Fetching,
  {host}: DemoContext,
  {signal, log}: Running,
): Promise<void> => {
  const git = {env: gitEnv, signal};
  const fetch = (command: ReturnType<typeof fetchFiles>, input = '') =>
    persistently(() => host.run(command, {...git, input, onLine: log}), signal, {log});
  try {
    await host.run(initBare(repository), git);
    await fetch(fetchShape(repository, url, ref));
    const found = (await host.run(fetchedCommit(repository), git)).stdout.trim();
    if (found !== commit) throw moved(found);
    const missing = parseMissing((await host.run(missingFiles(repository, url, commit), git)).stdout);
    for (let from = 0; from < missing.length; from += batch) {
      log(`${from} of ${missing.length} files`);
      const wanted = missing.slice(from, from + batch);
      await fetch(fetchFiles(repository, url), wanted.map((id) => `${id}\n`).join(''));
    }
    await host.run(archive(repository, commit, to), git);
  } catch (error) {
    // What is broken rather than incomplete would break the next run too.
    if (!signal.aborted && !(error instanceof CommandError && passes(error))) await removeTree(repository);
    if (!(error instanceof CommandError) || signal.aborted) throw error;
    throw gitFailed(url, error);
  }
};

export const gitFailed = (url: string, error: CommandError): UserError =>
  error.reason === 'not found'
    ? new UserError(
        {
          what: 'git is needed for sources from git',
          why: 'it is not installed',
          tryThis: 'install it: apt-get install git',
          exitCode: exitCodes.hostLacks,
        },
        {cause: error},
      )
    : new UserError(
        {
          what: `cannot read ${url}`,
          why:
            error.output.split('\n').find((line) => /^(?:fatal|error|ssh|remote):/.test(line)) ??
            error.reason,
          tryThis:
            'check the address, the network and its proxy (https_proxy), and that no password is asked for',
        },
        {cause: error},
      );
