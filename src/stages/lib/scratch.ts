/** Scratch directories, in which tasks prepare what they make. */

import {link} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {artifactPath} from '../../cache/artifact.ts';
import type {Dirs} from '../../cache/dirs.ts';
import {removeTree} from '../../cache/files.ts';
import {scratchPath} from '../../cache/scratch.ts';
import {makeDirectory} from '../../make-directory.ts';

/** Makes a directory for the time of `work`, and removes it even if `work` fails. */
export const inScratch = async <T>(
  dirs: Dirs,
  name: string,
  fingerprint: string,
  work: (directory: string) => Promise<T>,
): Promise<T> => {
  const directory = scratchPath(artifactPath(dirs, name, fingerprint));
  makeDirectory(directory);
  try {
    return await work(directory);
  } finally {
    await removeTree(directory);
  }
};

/** Adds hard links to the directory. The files of an image build have half a gigabyte, which takes long to copy. */
export const linkInto = async (directory: string, files: readonly string[]): Promise<void> => {
  makeDirectory(directory);
  for (const file of files) await link(file, join(directory, basename(file)));
};
