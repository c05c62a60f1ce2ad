/** JSON that others wrote: read whole, believed only as far as a schema reaches. */

import {z} from 'zod';
import {messageOf} from './thrown.ts';

/** Throws Error, saying in one line why `what` cannot be read. */
export const readJson = <T>(schema: z.ZodType<T>, text: string, what: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`cannot read ${what}: ${reasonOf(error)}`, {cause: error});
  }
};

const reasonOf = (error: unknown): string => {
  const [issue] = error instanceof z.ZodError ? error.issues : [];
  if (issue) return `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}`;
  return messageOf(error);
};
