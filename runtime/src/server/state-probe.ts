/** Tries whether the state directory can be written: without it no pod can be given a network. */
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {errorCodeOf} from '../error-code.ts';

export interface StateProbe {
  readonly try: () => Promise<void>;
  /** What was wrong at the last try; `undefined` when nothing was. */
  readonly trouble: () => string | undefined;
}

export const createStateProbe = (dir: string): StateProbe => {
  const path = join(dir, 'probe');
  let trouble: string | undefined;
  return {
    try: async () => {
      try {
        await writeFile(path, 'x'); // one byte: a full disk lets empty files be made
        await rm(path);
        trouble = undefined;
      } catch (error) {
        trouble = `the state directory cannot be written: ${errorCodeOf(error) ?? 'unknown error'}`;
      }
    },
    trouble: () => trouble,
  };
};
