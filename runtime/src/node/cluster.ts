/** The cluster as seen by one of its nodes. */
import type {NodeFacts} from './node-facts.ts';

export interface Cluster {
  readonly own: NodeFacts;
  readonly nodes: readonly NodeFacts[];
  /** Traffic between these subnets is not masqueraded. */
  readonly podCidrs: readonly string[];
}
