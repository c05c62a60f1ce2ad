/** Lists a directory that may not be there. */
import {readdir} from 'node:fs/promises';
import {errorCodeOf} from './error-code.ts';

/** None where there is no such directory. Rejects with the system's error when that cannot be told. */
export const namesIn = async (dir: string): Promise<string[]> => {
  try {
    return await readdir(dir);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return [];
    throw error;
  }
};
