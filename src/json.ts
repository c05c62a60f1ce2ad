/** Reads JSON of other programs, checked by a schema. */

import {z} from 'zod';
import {messageOf} from './thrown.ts';

/** Throws Error whose one-line message says why `what` cannot be read. */
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
