/** A subject of the benchmark gives pods their network, step by step: a network runtime, or the plugins without one. */

export const steps = ['Create', 'Attach', 'Query', 'QueryNode', 'Detach', 'Delete'] as const;
export type Step = (typeof steps)[number];

export const rpcOf: Readonly<Record<Step, string>> = {
  Create: 'CreateNetwork',
  Attach: 'AttachInterface',
  Query: 'QueryPodNetwork',
  QueryNode: 'QueryNodeNetworks',
  Detach: 'DetachInterface',
  Delete: 'DeleteNetwork',
};

export interface Subject {
  readonly name: string;
  /** The client's number of it. */
  readonly id: number;
}

/** Number of pods at a time when throughput is measured. */
export const lanes = 8;
