/** JSON that others wrote: read whole, believed only as far as a schema reaches. */

import type {z} from 'zod';

/** Throws SyntaxError or ZodError, saying `what` could not be read. */
export const readJson = <T>(schema: z.ZodType<T>, text: string, what: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`cannot read ${what}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
};
