/** Takes a snapshot of a source directory, with uncommitted changes. Writes nothing to the directory. */

import {copyFile, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {errorCodeOf} from '../../thrown.ts';
import {addAll, archive, gitEnv, gitPaths, separateRepository, topLevel, writeTree} from '../../tools/git.ts';

export interface Snapshot {
  /** Identifies the contents: git's id of the tree, or a digest. */
  readonly id: string;
  /** Writes the contents into a tarball. */
  readonly pack: (tarball: string) => Promise<void>;
}

/**
 * A snapshot of a git work tree contains the files that git does not ignore; of another directory, it contains all files.
 * `scratch` is an empty directory that must exist as long as the snapshot is used.
 */
export const snapshotOf = async (
  host: Host,
  directory: string,
  scratch: string,
  signal: AbortSignal,
): Promise<Snapshot> => {
  if (!(await isWorkTree(host, directory, signal))) {
    return {
      id: await digestOfTree(directory),
      async pack(tarball) {
        await host.run(['tar', ['-C', directory, '--exclude=./.git', '-cf', tarball, '.']], {signal});
      },
    };
  }
  const {stdout: paths} = await host.run(gitPaths(directory), {env: gitEnv, signal});
  const [index = '', objects = ''] = paths.split('\n');
  const copy = {index: join(scratch, 'index'), objects: join(scratch, 'objects')};
  await mkdir(copy.objects);
  // The index tells git which files have not changed, so that it need not read them.
  await copyFile(index, copy.index).catch((error: unknown) => {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  });
  const options = {env: separateRepository(copy.index, copy.objects, objects), signal};
  await host.run(addAll(directory), options);
  const id = (await host.run(writeTree(directory), options)).stdout.trim();
  return {
    id,
    async pack(tarball) {
      await host.run(archive(directory, id, tarball), options);
    },
  };
};

/** Whether the directory is the top of a git work tree. A directory inside of one counts as a plain directory. */
const isWorkTree = async (host: Host, directory: string, signal: AbortSignal): Promise<boolean> => {
  try {
    return (await host.run(topLevel(directory), {env: gitEnv, signal})).stdout.trim() === directory;
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return false;
  }
};
