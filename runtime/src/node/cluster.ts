/** The nodes as one of them sees them. */
import type {NodeFacts} from './node-facts.ts';

export interface Cluster {
  readonly own: NodeFacts;
  readonly nodes: readonly NodeFacts[];
  /** Pods in here are known by their own addresses. */
  readonly podCidrs: readonly string[];
}
