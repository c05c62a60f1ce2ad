/** Reads the code of a system error, such as ENOENT, from whatever was thrown. */
export const errorCodeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
