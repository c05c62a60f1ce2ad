/** A directory for one test. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export interface TempDir extends AsyncDisposable {
  readonly path: string;
}

export const tempDir = async (): Promise<TempDir> => {
  const path = await mkdtemp(join(tmpdir(), 'kni-test-'));
  return {path, [Symbol.asyncDispose]: () => rm(path, {recursive: true})};
};
