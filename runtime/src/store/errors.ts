/** What the store of records can fail with. */
import {errorCodeOf} from '../error-code.ts';

/** Writing failed. `full` when there is no space, which passes without anything being wrong with the runtime. */
export class StoreFailed extends Error {
  override readonly name = 'StoreFailed';
  readonly full: boolean;

  constructor(message: string, cause: unknown) {
    super(message, {cause});
    this.full = ['ENOSPC', 'EDQUOT'].includes(errorCodeOf(cause) ?? '');
  }
}

/** A record was written by a later version: it must not be touched, and nothing can be known without it. */
export class StateTooNew extends Error {
  override readonly name = 'StateTooNew';
}
