/** What every task of the demo is given: the world, and what the user chose. */

import type {Dirs} from '../cache/dirs.ts';
import type {Task} from '../graph/task.ts';
import type {Host} from '../host/host.ts';
import type {Machine} from '../host/machine.ts';
import type {Stack} from '../stacks/schema.ts';

export type Architecture = keyof Stack['nodejs']['packages'];

/** Debian's name of the architecture; undefined for those that the demo has no parts for. */
export const architectureOf = (arch: string): Architecture | undefined =>
  arch === 'x64' ? 'amd64' : arch === 'arm64' ? 'arm64' : undefined;

export interface DemoContext {
  /** This machine, with the programs we brought at the end of its PATH. */
  readonly host: Host;
  /** The same one, by its files. */
  readonly machine: Machine;
  readonly dirs: Dirs;
  readonly stack: Stack;
  readonly architecture: Architecture;
  readonly cluster: ClusterChoice;
  /** Whether missing parts of the host may be installed and started (`--yes`). */
  readonly mayInstall: boolean;
  /** The nodes that the plan builds; undefined if its fingerprints are not known. */
  readonly plannedNodes?: PlannedNodes;
}

export interface PlannedNodes {
  /** The name of the node image. */
  readonly image: string;
  /** The tag of the node image without the network runtime. */
  readonly system: string;
}

/** As much of it as leads to the cluster. */
export type ClusterContext = Pick<DemoContext, 'host'> & {readonly cluster: Pick<ClusterChoice, 'name'>};

export interface ClusterChoice {
  readonly name: string;
  readonly workers: number;
  /** How nodes reach the pods of others; undefined leaves it as it is. */
  readonly backend?: Backend;
}

/** Of the network runtime's flag --backend. */
export const backends = ['host-gw', 'vxlan'] as const;
export type Backend = (typeof backends)[number];

export type DemoTask = Task<DemoContext>;
