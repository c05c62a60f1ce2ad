/** Reads the files of a pinned source that a series changes. Debian's patches are applied first, as in prepare-tree.sh. */

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {namesIn} from '../../cache/files.ts';
import {UserError} from '../../errors.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Command, CommandResult} from '../../host/host.ts';
import type {Patch} from '../../patches/patch-file.ts';
import {readFiles} from '../../patches/read-files.ts';
import {applySeries, type Files, type PatchResult, pathsOf, readQuiltSeries} from '../../patches/series.ts';
import {listTarball, strippedName, unpackMembers, unpackTarball} from '../../tools/tar.ts';
import type {DemoContext} from '../context.ts';
import {inScratch} from './scratch.ts';

export interface PinnedFiles {
  readonly files: Files;
  /** The results of Debian's own patches. */
  readonly debian: readonly PatchResult[];
}

export interface PinnedSource {
  /** Directory of the source's tarballs. */
  readonly source: string;
  readonly signal: AbortSignal;
}

/** Unpacks only these files, into a scratch directory in the cache. */
export const pinnedFiles = (
  series: readonly Patch[],
  {source, signal}: PinnedSource,
  {dirs, host}: Pick<DemoContext, 'dirs' | 'host'>,
): Promise<PinnedFiles> => {
  const run = (command: Command, input = ''): Promise<CommandResult> =>
    host.run(command, {signal, input}).catch(explainTar);
  return inScratch(dirs, 'patch-check', 'files', async (scratch) => {
    const tree = join(scratch, 'tree');
    await mkdir(tree);
    const archives = await archivesIn(source);
    if (archives.debian !== undefined) await run(unpackTarball(archives.debian, tree));
    const debian = archives.debian === undefined ? [] : await readQuiltSeries(join(tree, 'debian/patches'));
    const paths = pathsOf([...debian, ...series]);
    const wanted = new Set(paths);
    const {original: archive, strip} = archives;
    const members = (await run(listTarball(archive))).stdout.split('\n');
    const found = members.filter((member) => wanted.has(strippedName(member, strip)));
    const names = found.map((member) => `${member}\n`).join('');
    await run(unpackMembers({archive, directory: tree, strip}), names);
    const bench = {host, directory: scratch, signal};
    const {results, files} = await applySeries(bench, debian, await readFiles(tree, paths), 0);
    return {debian: results, files};
  });
};

interface Archives {
  readonly original: string;
  /** The number of folders before the names of its files. */
  readonly strip: number;
  readonly debian?: string;
}

/** One tarball of the whole tree, or the tarballs of a Debian source package, as in prepare-tree.sh. */
const archivesIn = async (source: string): Promise<Archives> => {
  const names = await namesIn(source);
  return names.includes('tree.tar')
    ? {original: join(source, 'tree.tar'), strip: 0}
    : {original: tarball(source, names, 'orig'), strip: 1, debian: tarball(source, names, 'debian')};
};

/** Signatures (.asc) are not tarballs. */
const tarball = (source: string, names: readonly string[], kind: string): string => {
  const name = names.find((each) => each.includes(`.${kind}.tar.`) && !each.endsWith('.asc'));
  if (name !== undefined) return join(source, name);
  throw new UserError({
    code: 'KNI-E111',
    what: `${source} is not a Debian source package`,
    why: `*.${kind}.tar.* is missing`,
    tryThis: 'remove this directory and run the same command again, which downloads it',
  });
};

const explainTar = (error: unknown): never => {
  if (!(error instanceof CommandError) || error.reason === 'cancelled') throw error;
  const program = error.reason === 'not found' ? 'tar' : /\b(xz|gzip): Cannot exec/.exec(error.output)?.[1];
  if (program === undefined) throw error;
  throw new UserError(
    {
      what: 'cannot unpack the sources',
      why: `${program} is not installed`,
      tryThis: `install it, on Debian: apt-get install ${program === 'xz' ? 'xz-utils' : program}`,
      code: 'KNI-E309',
    },
    {cause: error},
  );
};
