/** The texts of an error code. */

export interface ErrorEntry {
  readonly what: string;
  readonly why: string;
  readonly tryThis: string;
}

export const entry = (what: string, why: string, tryThis: string): ErrorEntry => ({what, why, tryThis});
