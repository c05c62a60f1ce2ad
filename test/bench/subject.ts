/** A subject of the benchmark: it takes a pod's network through its life, step by step. */

export const steps = ['Create', 'Attach', 'Query', 'Detach', 'Delete'] as const;
export type Step = (typeof steps)[number];

/** Does the work as the given step. */
export type Timed = <T>(step: Step, work: () => Promise<T>) => Promise<T>;

export interface Subject {
  readonly name: string;
  /** One pod from beginning to end. Cycles that are under way at the same time are in different lanes. */
  readonly cycle: (lane: number, timed: Timed) => Promise<void>;
}

/** How many pods there are at a time when there is more than one. */
export const lanes = 8;
