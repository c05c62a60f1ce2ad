/** Reads the links, routes, networks and records of a node with one command, for the dashboard. */

import type {Command, Host} from '../host/host.ts';
import {quoteCommand} from '../host/quote.ts';
import {
  type DetailedLink,
  type KernelRoute,
  netnsIds,
  nodeAddresses,
  nodeRoutes,
  nodeRoutes6,
  parseDetailedLinks,
  parseNetnsIds,
  parseRoutes,
} from '../tools/ip.ts';
import {
  askNetworks,
  askPods,
  type NodeNetwork,
  parseNetworks,
  parsePods,
  type RecordedPod,
  refusalOf,
} from '../tools/kni-runtime.ts';

export interface NodeState {
  readonly links: readonly DetailedLink[];
  /** File names in /run/netns by their ids on this node. */
  readonly netns: ReadonlyMap<number, string>;
  readonly routes: readonly KernelRoute[];
  readonly networks: readonly NodeNetwork[];
  /** Why the network runtime does not answer. */
  readonly silent?: string | undefined;
  /** Empty if the network runtime does not answer, or has no records for others. */
  readonly records: readonly RecordedPod[];
  /** The content of the file that names the programs of the node; empty if the file is missing. */
  readonly programs: string;
}

const parts = {
  links: nodeAddresses,
  netns: netnsIds,
  routes: nodeRoutes,
  routes6: nodeRoutes6,
  networks: askNetworks,
  pods: askPods,
} as const satisfies Record<string, Command>;
type Part = keyof typeof parts;

/** Before each part a line `== name`, after it a line `== exit N`. A part that fails does not hide the others. */
const scriptFor = (programs: string): string =>
  [
    'part() { echo "== $1"; shift; "$@" 2>&1; code=$?; echo; echo "== exit $code"; }',
    ...Object.entries(parts).map(([name, command]) => `part ${name} ${quoteCommand(command)}`),
    `part programs ${quoteCommand(['cat', [programs]])}`,
  ].join('\n');

/** `programs` is the path of a file on the node. */
export const listNodeState = (programs: string): Command => ['sh', ['-c', scriptFor(programs)]];

interface Printed {
  readonly output: string;
  readonly exitStatus: number;
}

/** Rejects when the node does not answer. A network runtime that does not answer is part of the state. */
export const nodeStateOf = async (node: Host, programs: string, signal: AbortSignal): Promise<NodeState> =>
  parseNodeState((await node.run(listNodeState(programs), {signal, timeout: 20_000})).stdout);

export const parseNodeState = (stdout: string): NodeState => {
  const printed = partsIn(stdout);
  const textOf = (part: Part | 'programs'): string => {
    const {output, exitStatus} = printed.get(part) ?? {output: '', exitStatus: 1};
    return exitStatus === 0 ? output : '';
  };
  const networks = printed.get('networks');
  const silent = networks === undefined || networks.exitStatus === 0 ? undefined : whySilent(networks);
  return {
    links: parseDetailedLinks(textOf('links')),
    netns: parseNetnsIds(textOf('netns')),
    routes: [...parseRoutes(textOf('routes'), 4), ...parseRoutes(textOf('routes6'), 6)],
    networks: parseNetworks(textOf('networks') || '{}'),
    silent,
    records: parsePods(textOf('pods') || '{}'),
    programs: textOf('programs'),
  };
};

const partsIn = (stdout: string): ReadonlyMap<string, Printed> =>
  new Map(
    [...`${stdout}\n`.matchAll(/^== (\w+)\n([^]*?)\n?^== exit (\d+)\n/gm)].map(
      ([, name = '', output = '', exitStatus]) => [
        name,
        {output: output.trim(), exitStatus: Number(exitStatus)},
      ],
    ),
  );

const whySilent = (printed: Printed): string => {
  const refusal = refusalOf(printed);
  return refusal === undefined
    ? (printed.output.split('\n').findLast(Boolean) ?? `exit code ${printed.exitStatus}`)
    : `the network runtime does not answer: ${refusal.details}`;
};
