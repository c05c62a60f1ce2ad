/** What pod networks consist of on a node: after a pod's deletion none of its traces may remain. */

import type {Command, Host} from '../host/host.ts';

/** Each list is sorted. */
export interface Traces {
  /** File names in /run/netns. */
  readonly netns: readonly string[];
  /** The node's ends of the pods' veths: `<link> <netns>`. */
  readonly links: readonly string[];
  /** Leases of host-local, for our own network and for those of others: `<network>/<address>`. */
  readonly addresses: readonly string[];
  /** Chains and rules for host ports, as iptables-save prints them. */
  readonly rules: readonly string[];
  /** Keys of the runtime's records. */
  readonly records: readonly string[];
}

const kinds = ['netns', 'links', 'addresses', 'rules', 'records'] as const;

/** Prints one line for each trace: its kind and the trace. The node is a container, so its own eth0 is a veth as well. */
const script = `
ls /run/netns | sed 's/^/netns /'
ip -o link show type veth | sed -n '/: eth0@/!s/^[0-9]*: \\([^@:]*\\).*link-netns \\([^ ]*\\).*/links \\1 \\2/p'
find /var/lib/kni/ipam /var/lib/cni/networks -type f \\( -name '*.*.*.*' -o -name '*:*' \\) -printf 'addresses %P\\n' 2>/dev/null || true
iptables-save -t nat | sed -n '/CNI-DN-/{s/ \\[[0-9:]*\\]$//;s/^/rules /p}'
records=$(kni-runtime pods)
echo "$records" | jq -r '.networks[].correlation | "records " + .'`;

export const listTraces: Command = ['sh', ['-ec', script]];

export const parseTraces = (stdout: string): Traces => {
  const lines = stdout.split('\n').sort();
  const of = (kind: string): readonly string[] =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  return {
    netns: of('netns'),
    links: of('links'),
    addresses: of('addresses'),
    rules: of('rules'),
    records: of('records'),
  };
};

/** Rejects when the node's network runtime does not answer. */
export const tracesOn = async (node: Host, signal?: AbortSignal): Promise<Traces> =>
  parseTraces((await node.run(listTraces, {timeout: 20_000, ...(signal && {signal})})).stdout);

/** The traces that `now` has and `before` has not: `netns kni-…`. */
export const newTraces = (now: Traces, before: Traces): readonly string[] =>
  kinds.flatMap((kind) =>
    now[kind].filter((each) => !before[kind].includes(each)).map((each) => `${kind} ${each}`),
  );

/** `netns 3, links 3, addresses 3, rules 0, records 3` */
export const countTraces = (traces: Traces): string =>
  kinds.map((kind) => `${kind} ${traces[kind].length}`).join(', ');
