/** A work tree as it is at this moment, committed or not, under an id of its own. Nothing is written to it. */

import {copyFile, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {digestOfTree} from '../../cache/digest.ts';
import {CommandError} from '../../host/command-error.ts';
import type {Host} from '../../host/host.ts';
import {errorCodeOf} from '../../thrown.ts';
import {addAll, apartFrom, archive, gitEnv, gitPaths, topLevel, writeTree} from '../../tools/git.ts';

export interface Snapshot {
  /** Of its contents: git's id of the tree, or a digest. */
  readonly id: string;
  /** Writes a tarball of it. */
  readonly pack: (tarball: string) => Promise<void>;
}

/**
 * Of a git work tree all that git does not ignore; of another directory everything. `scratch` is an empty directory that
 * must be there for as long as the snapshot is used.
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
  const own = {index: join(scratch, 'index'), objects: join(scratch, 'objects')};
  await mkdir(own.objects);
  // With what git knows of the files already it need not read them all.
  await copyFile(index, own.index).catch((error: unknown) => {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  });
  const options = {env: apartFrom(own.index, own.objects, objects), signal};
  await host.run(addAll(directory), options);
  const id = (await host.run(writeTree(directory), options)).stdout.trim();
  return {
    id,
    async pack(tarball) {
      await host.run(archive(directory, id, tarball), options);
    },
  };
};

/** Whether the directory is the top of one: a part of somebody's larger tree is taken as a directory. */
const isWorkTree = async (host: Host, directory: string, signal: AbortSignal): Promise<boolean> => {
  try {
    return (await host.run(topLevel(directory), {env: gitEnv, signal})).stdout.trim() === directory;
  } catch (error) {
    if (signal.aborted || !(error instanceof CommandError)) throw error;
    return false;
  }
};
