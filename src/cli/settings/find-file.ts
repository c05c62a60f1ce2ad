/** Finds kni-demo.yaml. */

import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';

export const fileName = 'kni-demo.yaml';

/** The closest kni-demo.yaml in `directory` or above it. */
export const findFile = (directory: string): string | undefined => {
  const path = join(directory, fileName);
  if (existsSync(path)) return path;
  const parent = dirname(directory);
  return parent === directory ? undefined : findFile(parent);
};
