/** The context of every task: this machine, the directories, and the user's choices. */

import type {Dirs} from '../cache/dirs.ts';
import type {Task} from '../graph/task.ts';
import type {Host} from '../host/host.ts';
import type {Machine} from '../host/machine.ts';
import type {NetworkChoice} from '../networks/load.ts';
import type {Stack} from '../stacks/schema.ts';

export type Architecture = keyof Stack['nodejs']['packages'];

/** Debian's name of the architecture; undefined for an architecture that the demo does not support. */
export const architectureOf = (arch: string): Architecture | undefined =>
  arch === 'x64' ? 'amd64' : arch === 'arm64' ? 'arm64' : undefined;

export interface DemoContext {
  /** Runs commands on this machine. The programs that kni-demo unpacked are on the PATH, too. */
  readonly host: Host;
  /** Facts about this machine, read from its files. */
  readonly machine: Machine;
  readonly dirs: Dirs;
  readonly stack: Stack;
  /** The absolute path of the user's own stack file; undefined for a stack of kni-demo. */
  readonly stackFile?: string;
  readonly architecture: Architecture;
  readonly cluster: ClusterChoice;
  /** Whether missing parts of the host may be installed and started (`--yes`). */
  readonly mayInstall: boolean;
  /** The flags --cni, --source and --no-patch of this run, to repeat them in a hint. */
  readonly repeatedFlags?: readonly string[];
  /** The nodes that the plan builds; undefined if its fingerprints are not known. */
  readonly plannedNodes?: PlannedNodes;
}

export interface PlannedNodes {
  /** The name of the node image. */
  readonly image: string;
  /** The tag of the node image without the network runtime. */
  readonly system: string;
}

/** The part of the context that identifies the cluster. */
export type ClusterContext = Pick<DemoContext, 'host'> & {readonly cluster: Pick<ClusterChoice, 'name'>};

export interface ClusterChoice {
  readonly name: string;
  readonly workers: number;
  /** How nodes reach the pods of other nodes; undefined keeps the current backend. */
  readonly backend?: Backend;
  /** The network for pods; undefined keeps that of the cluster. A new cluster gets kni-demo's own. */
  readonly cni?: NetworkChoice;
}

/** The values of the network runtime's flag --backend. */
export const backends = ['host-gw', 'vxlan'] as const;
export type Backend = (typeof backends)[number];

export type DemoTask = Task<DemoContext>;
