/** The project's own files as inputs of tasks, and scratch directories to make things in. */

import {link} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {artifactPath} from '../../cache/artifact.ts';
import {sha256File} from '../../cache/digest.ts';
import type {Dirs} from '../../cache/dirs.ts';
import {removeTree} from '../../cache/files.ts';
import {scratchPath} from '../../cache/scratch.ts';
import {makeDirectory} from '../../make-directory.ts';
import {project} from '../../project.ts';

/** The directory of an image's Dockerfile. */
export const imageSource = (name: string): string => join(project.manifests, 'images', name);

/** A script of manifests/scripts. */
export const buildScript = (name: string): string => join(project.manifests, 'scripts', name);

export const scriptDigest = (name: string): Promise<string> => sha256File(buildScript(name));

/** A directory that is gone afterwards, whatever happens. */
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

/** Hard links: half a gigabyte need not be copied to be sent to the engine. */
export const place = async (directory: string, files: readonly string[]): Promise<void> => {
  makeDirectory(directory);
  for (const file of files) await link(file, join(directory, basename(file)));
};
