/** A directory of a test's own, gone after it. */

import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** A path inside. */
  join(...names: readonly string[]): string;
}

/** `await using dir = await tempDir()` */
export const tempDir = async (): Promise<TempDir> => {
  const path = await mkdtemp(join(tmpdir(), 'kni-demo-test-'));
  return {
    path,
    join: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, {recursive: true, force: true}),
  };
};
