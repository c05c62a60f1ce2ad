/** Finds kni-demo.yaml. */

import {existsSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {UserError} from '../../errors.ts';

export const fileName = 'kni-demo.yaml';

/** The closest kni-demo.yaml in `directory` or above it. */
export const findFile = (directory: string): string | undefined => {
  const path = join(directory, fileName);
  if (existsSync(path)) return path;
  const parent = dirname(directory);
  return parent === directory ? undefined : findFile(parent);
};

/**
 * Throws UserError (exit code `badInput`) for another user's file in a directory such as /tmp, which all users may write: the
 * file could name sources that are then built. `user` is the id of the user who runs kni-demo.
 */
export const refuseUntrusted = (path: string, user: number | undefined = process.getuid?.()): void => {
  const isShared = (statSync(dirname(path)).mode & 0o002) !== 0;
  const owner = statSync(path).uid;
  if (!isShared || owner === user || owner === 0) return;
  throw new UserError({
    what: `cannot trust ${path}`,
    why: `it belongs to user ${owner}, and every user may write to its directory`,
    tryThis: 'run kni-demo in another directory, or remove the file',
    code: 'KNI-E205',
  });
};
