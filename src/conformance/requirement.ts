/** A requirement of the KNI conformance suite: a value that says what a network runtime must do, and checks it. */

import type {Probe} from './probe.ts';

/** As in RFC 2119. Only a failed MUST makes a runtime non-conformant. */
export type Level = 'MUST' | 'SHOULD' | 'MAY';

/**
 * The access that a check needs. `socket` only calls the runtime, so it is safe on a live node. `node` also reads and changes the
 * network of the node, and `process` also stops, kills and starts the runtime: both need a node that the suite made.
 */
export type Needs = 'socket' | 'node' | 'process';

export interface Requirement {
  /** `KNI-L03`: the letter is that of its group. An id is never used again for another requirement. */
  readonly id: string;
  readonly level: Level;
  /** The document that demands it. */
  readonly source: string;
  /** A sentence without a full stop, with the runtime as its subject: `returns the same netns when CreateNetwork is repeated`. */
  readonly title: string;
  readonly needs: Needs;
  /** Throws Violation or CallFailed if the runtime does not meet the requirement, NotApplicable if that cannot be checked. */
  readonly run: (probe: Probe) => Promise<void>;
}

export interface Group {
  readonly letter: string;
  readonly name: string;
  readonly about: string;
  /** It takes minutes. CI leaves it out. */
  readonly isSlow?: boolean;
  readonly requirements: readonly Requirement[];
}
