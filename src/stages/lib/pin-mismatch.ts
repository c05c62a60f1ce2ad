/** The error for a download that differs from the version or checksum that the stack pins. */

import {UserError} from '../../errors.ts';

export interface PinMismatch {
  /** Name of the download. */
  readonly what: string;
  /** Name of the stack. Its file has the same name. */
  readonly stack: string;
  readonly why: string;
  /** What to do first. */
  readonly tryThis: string;
}

export const pinMismatch = ({what, stack, why, tryThis}: PinMismatch): UserError =>
  new UserError({
    what: `${what} differs from what the stack ${stack} pins`,
    why,
    code: 'KNI-E111',
    tryThis: `${tryThis}, or correct ${stack}.yaml if the change is intended; the download was not kept`,
  });
