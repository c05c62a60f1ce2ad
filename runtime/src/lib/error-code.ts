/** Reads a system error. */
import {getSystemErrorMap} from 'node:util';

/** The code, such as ENOENT, of an error of any type. */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The reason of a system error in words, as in `permission denied (EACCES)`; `undefined` for other errors. */
export const systemReasonOf = (error: unknown): string | undefined => {
  const code = errorCodeOf(error);
  const known = [...getSystemErrorMap().values()].find(([name]) => name === code);
  return known && `${known[1]} (${known[0]})`;
};
