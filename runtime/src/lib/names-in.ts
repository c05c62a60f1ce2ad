/** Lists a directory that may be missing. */
import {readdir} from 'node:fs/promises';
import {errorCodeOf} from './error-code.ts';

/** Empty for a missing directory; rejects with any other system error. */
export const namesIn = async (dir: string): Promise<string[]> => {
  try {
    return await readdir(dir);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return [];
    throw error;
  }
};
