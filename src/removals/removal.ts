/** What `down` would remove, and what it would keep. */

export interface Removal {
  /** In half a line. */
  readonly what: string;
  readonly remove: () => Promise<unknown>;
}

export interface Removals {
  /** In the order in which they can be removed. */
  readonly removals: readonly Removal[];
  /** What stays although kni-demo made it, and why: one line each. */
  readonly kept: readonly string[];
}
