/** What was fetched is not what the stack pins. */

import {UserError} from '../../errors.ts';

export interface NotAsPinned {
  /** What was fetched. */
  readonly what: string;
  /** Name of the stack, which is that of its file, wherever the file is. */
  readonly stack: string;
  readonly why: string;
  /** What to do first. */
  readonly tryThis: string;
}

export const notAsPinned = ({what, stack, why, tryThis}: NotAsPinned): UserError =>
  new UserError({
    what: `${what} is not what the stack ${stack} pins`,
    why,
    tryThis: `${tryThis}, or correct ${stack}.yaml if the change is wanted; nothing was kept`,
  });
