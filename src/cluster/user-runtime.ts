/**
 * A user's network runtime, which a node runs instead of kni-demo's. One file on the node names it: the first line of a drop-in of
 * kni.service. All its other files are in directories that are removed when kni-demo's runtime is back.
 */

import {z} from 'zod';
import type {Dirs} from '../cache/dirs.ts';
import {UserError} from '../errors.ts';
import type {Command, Host} from '../host/host.ts';
import {readJson} from '../json.ts';
import {ownNetwork} from '../networks/network.ts';
import {type Cluster, flagOf, nameFlag} from './cluster.ts';
import {readNetwork} from './network-record.ts';

/** Paths on a node. */
export const userRuntimePaths = {
  dropIn: '/etc/systemd/system/kni.service.d/50-user-runtime.conf',
  /** One directory for each program, named by its id. */
  programs: '/opt/kni/user-runtime',
  state: '/var/lib/kni-runtime',
} as const;

/** The directory of a runtime that is developed. */
export const developedId = 'dev';
/** Versions replace each other at this path of a node. */
export const developedFile = (name: string): string => `${userRuntimePaths.programs}/${developedId}/${name}`;

const userRuntime = z.object({
  /** The directory or file that it was made from, on the machine that installed it. */
  source: z.string(),
  /** The name of its directory on the node: a digest of the program, or `dev` while it is developed. */
  id: z.string(),
});
export type UserRuntime = Readonly<z.infer<typeof userRuntime>>;

const unknown: UserRuntime = {source: 'unknown', id: 'unknown'};

/** Prints one line: the first of the drop-in, or an empty one. */
export const readUserRuntime: Command = [
  'sh',
  ['-c', `head -n 1 ${userRuntimePaths.dropIn} 2>/dev/null || echo`],
];

/** `line` is the first line of the drop-in; undefined: the node runs kni-demo's own runtime. */
export const userRuntimeIn = (line: string): UserRuntime | undefined => {
  if (line.trim() === '') return undefined;
  try {
    return readJson(userRuntime, line.replace(/^# /, ''), 'the drop-in of kni.service');
  } catch {
    return unknown; // edited by hand: it is in use nevertheless
  }
};

export const runsUserRuntime = async (node: Host, signal: AbortSignal): Promise<boolean> =>
  userRuntimeIn((await node.run(readUserRuntime, {signal})).stdout) !== undefined;

/** By node. Nodes with kni-demo's own runtime are left out. */
export const userRuntimesOf = async (
  {nodes, node}: Pick<Cluster, 'nodes' | 'node'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, UserRuntime>> => {
  const found = await Promise.all(
    nodes
      .filter(({running}) => running)
      .map(async ({name}) => {
        const runtime = userRuntimeIn((await node(name).run(readUserRuntime, {signal})).stdout);
        return runtime === undefined ? [] : [[name, runtime] as const];
      }),
  );
  return new Map(found.flat());
};

/** For work that measures or changes what only kni-demo's own runtime does. `what` completes "cannot …". Throws UserError. */
export const refuseUserRuntime = async (
  cluster: Pick<Cluster, 'nodes' | 'node'>,
  what: string,
  signal: AbortSignal,
): Promise<void> => {
  const [found] = await userRuntimesOf(cluster, signal);
  if (found === undefined) return;
  const [node, {source}] = found;
  throw new UserError({
    what: `cannot ${what}`,
    why: `${node} runs your own network runtime ${source}`,
    tryThis: `go back to kni-demo's own first: kni-demo runtime use default${flagOf(cluster)}`,
    code: 'KNI-E407',
  });
};

/** Both would set the routes and rules of the nodes. Throws UserError if the pods have a network of `up --cni`, or get one. */
export const requireOwnNetwork = async (dirs: Pick<Dirs, 'state'>, cluster: string): Promise<void> => {
  const {network, isComplete} = await readNetwork(dirs, cluster);
  if (network === undefined && isComplete) return;
  throw new UserError({
    what: `cannot use your own network runtime on cluster ${cluster}`,
    why: isComplete
      ? `its pods have network ${network?.name}, which needs kni-demo's own network runtime`
      : 'the switch of its nodes to another network is not complete',
    tryThis: `go back to kni-demo's own network first: kni-demo up --cni ${ownNetwork}${nameFlag(cluster)}`,
    code: 'KNI-E408',
  });
};

export interface DropIn {
  readonly runtime: UserRuntime;
  /** The name of the program in its directory. */
  readonly program: string;
  /** Whether Node.js runs the program. */
  readonly isScript: boolean;
  /** The name of the Kubernetes node. */
  readonly node: string;
  readonly podCidrs: readonly string[];
}

/** The runtime gets its settings from the environment, and logs to the journal. Our flags are not passed. */
export const dropInText = ({runtime, program, isScript, node, podCidrs}: DropIn): string => {
  const {programs, state} = userRuntimePaths;
  const file = `${programs}/${runtime.id}/${program}`;
  return `# ${JSON.stringify(runtime)}
# Written by kni-demo runtime use, which also removes it: kni-demo runtime use default
[Service]
ExecStart=
ExecStart=${isScript ? `/opt/kni/bin/node --enable-source-maps ${file}` : file}
Environment=KNI_SOCKET=/run/kni/kni.sock KNI_STATE_DIR=${state} KNI_NETNS_DIR=/run/netns
Environment=KNI_NODE_NAME=${node} KNI_POD_CIDRS=${podCidrs.join(',')} KNI_KUBECONFIG=/etc/kubernetes/kubelet.conf
# Programs that it leaves behind end with it.
KillMode=mixed
TimeoutStopSec=5
# It need not notify systemd.
WatchdogSec=0
`;
};
