/** Records the docker images of this cache: another cache on the same engine creates images with the same names. */

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from './dirs.ts';
import {namesIn} from './files.ts';

const directoryIn = ({cache}: Pick<Dirs, 'cache'>): string => join(cache, 'images');

/** To be called before the image is created, because an image without a record is never removed. */
export const recordImage = async (dirs: Pick<Dirs, 'cache'>, image: string): Promise<void> => {
  await mkdir(directoryIn(dirs), {recursive: true});
  await writeFile(join(directoryIn(dirs), encodeURIComponent(image)), '');
};

/** The same for a pulled image. When a name has a tag and a digest, docker drops the tag. */
export const recordPulledImage = (dirs: Pick<Dirs, 'cache'>, image: string): Promise<void> =>
  recordImage(dirs, image.replace(/:[^:@/]+@/, '@'));

/** Images of kni-demo 0.1.0 have no record. */
export const recordedImages = async (dirs: Pick<Dirs, 'cache'>): Promise<ReadonlySet<string>> =>
  new Set((await namesIn(directoryIn(dirs))).map(decodeURIComponent));
