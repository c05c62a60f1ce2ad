/** Which docker images this cache made: another cache on the same engine makes images of the same names. */

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Dirs} from './dirs.ts';
import {namesIn} from './files.ts';

const directoryIn = ({cache}: Pick<Dirs, 'cache'>): string => join(cache, 'images');

/** Call it before the image is made: an image without a record is never removed. */
export const recordImage = async (dirs: Pick<Dirs, 'cache'>, image: string): Promise<void> => {
  await mkdir(directoryIn(dirs), {recursive: true});
  await writeFile(join(directoryIn(dirs), encodeURIComponent(image)), '');
};

/** The same for an image that is pulled. docker keeps no tag of an image that is named by its digest, too. */
export const recordPulledImage = (dirs: Pick<Dirs, 'cache'>, image: string): Promise<void> =>
  recordImage(dirs, image.replace(/:[^:@/]+@/, '@'));

/** Images made by kni-demo 0.1.0 have no record. */
export const recordedImages = async (dirs: Pick<Dirs, 'cache'>): Promise<ReadonlySet<string>> =>
  new Set((await namesIn(directoryIn(dirs))).map(decodeURIComponent));
