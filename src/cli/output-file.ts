/** Files that the user names for a result. Checked before work that takes long. */

import {access, constants, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {UserError} from '../errors.ts';
import {makeDirectory} from '../make-directory.ts';
import {messageOf} from '../thrown.ts';

export interface OutputFile {
  /** Absolute. */
  readonly file: string;
  /** The flag that names it: `--output`. */
  readonly flag: string;
  /** For a hint, if the user gives a directory. */
  readonly usualName: string;
}

/** Throws UserError if the file cannot be written. */
export const requireWritable = async ({file, flag, usualName}: OutputFile): Promise<void> => {
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory())
    throw new UserError({
      what: `cannot write ${file}`,
      why: 'it is a directory',
      tryThis: `name a file in it: ${flag} ${join(file, usualName)}`,
      code: 'KNI-E213',
    });
  await access(dirname(file), constants.W_OK).catch((error: unknown): never => {
    throw unwritable(file, flag, error);
  });
};

/** Like `requireWritable`, but creates a missing directory. */
export const prepareOutput = async (output: OutputFile): Promise<void> => {
  try {
    makeDirectory(dirname(output.file));
  } catch (error) {
    throw unwritable(output.file, output.flag, error);
  }
  await requireWritable(output);
};

export const unwritable = (file: string, flag: string, cause: unknown): UserError =>
  new UserError(
    {
      what: `cannot write ${file}`,
      why: messageOf(cause),
      tryThis: `choose another file with ${flag}`,
      code: 'KNI-E213',
    },
    {cause},
  );
