/** Types of `down`: its options, and the things that it removes or keeps. */

import type {DemoContext} from '../stages/context.ts';

export type RemovalContext = Pick<DemoContext, 'host' | 'dirs'>;

export interface RemovalOptions {
  /** Name of the cluster. */
  readonly name: string;
  /** Remove all clusters of this user, and the docker engine that kni-demo started. */
  readonly all: boolean;
  /** Remove images, cache, logs and state, too. */
  readonly purge: boolean;
  /** With `purge`: allow the removal of an engine that others use. */
  readonly purgeForeign: boolean;
  /** `DOCKER_HOST=…` if the variable is set. */
  readonly dockerHost: string | undefined;
  readonly signal: AbortSignal;
}

export interface Removal {
  /** A few words for the list that the user confirms. */
  readonly what: string;
  readonly remove: () => Promise<unknown>;
}

export interface Removals {
  /** In the order of their removal. */
  readonly removals: readonly Removal[];
  /** One line for each thing that stays although it looks like ours, with the reason. */
  readonly kept: readonly string[];
}

export const noRemovals: Removals = {removals: [], kept: []};
