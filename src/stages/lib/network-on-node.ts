/** The network for pods on one node: flags of the network runtime, its configuration, and its leftovers. */

import type {NewFiles} from '../../changes/node-files.ts';
import type {Command, Host} from '../../host/host.ts';
import {fillPodCidr} from '../../networks/conflist.ts';
import {hasOwnRoutes, type Network} from '../../networks/network.ts';
import type {Backend} from '../context.ts';
import {type RuntimeFlags, readFlags, runtimeEnvironment, withRuntimeFlags} from './runtime-environment.ts';

export interface NetworkOnNode {
  /** Undefined is the network of kni-demo. */
  readonly wanted: Network | undefined;
  readonly podCidr: string | undefined;
  /** The user's choice for this run; undefined keeps the backend. */
  readonly backend: Backend | undefined;
}

/** Where a CNI that installs itself writes its configuration. */
const confDirOfOthers = '/etc/cni/net.d';

/** The configuration that the network runtime writes for kni-demo's own network. */
const ownConflist = '/etc/kni/net.d/10-kni.conflist';

/** The file in which a node has the user's configuration. */
export const writtenBy = ({cniName}: Network): string => `/etc/kni/net.d/10-${cniName}.conflist`;

/** Keeps the backend, unless the network of the node takes it from the runtime or gives it back. */
export const flagsOfNetwork = (
  {wanted, backend}: Pick<NetworkOnNode, 'wanted' | 'backend'>,
  current: RuntimeFlags,
): RuntimeFlags => {
  const ownBackend = backend ?? (current['backend'] === 'none' ? undefined : current['backend']);
  const isInstalled = wanted !== undefined && !hasOwnRoutes(wanted);
  return {
    backend: isInstalled ? 'none' : ownBackend,
    'foreign-network': wanted?.cniName,
    'needed-files': wanted?.neededFiles.join(',') || undefined,
    'cni-conf-dir': isInstalled ? confDirOfOthers : undefined,
  };
};

/** The files that a node must have, by their absolute paths. */
export const filesOfNetwork = async (
  node: Host,
  place: NetworkOnNode,
  signal: AbortSignal,
): Promise<NewFiles> => {
  const {wanted, podCidr} = place;
  const environment = await readFile(node, runtimeEnvironment.path, signal);
  const flags = flagsOfNetwork(place, readFlags(environment));
  return {
    [runtimeEnvironment.path]: withRuntimeFlags(environment, flags),
    // The runtime removes it only from the directory that it reads.
    ...(wanted !== undefined && {[ownConflist]: undefined}),
    ...(wanted?.conflist !== undefined && {
      [writtenBy(wanted)]: fillPodCidr(wanted.conflist, podCidr ?? ''),
    }),
  };
};

export const isOnNode = async (node: Host, place: NetworkOnNode, signal: AbortSignal): Promise<boolean> => {
  const files = await filesOfNetwork(node, place, signal);
  // Without the last line break, which the output of a command does not have. None of these files is a link.
  for (const [path, text] of Object.entries(files))
    if ((await readFile(node, path, signal)).trimEnd() !== (typeof text === 'string' ? text.trimEnd() : ''))
      return false;
  return true;
};

/** Empty if the file does not exist. */
const readFile = async (node: Host, path: string, signal: AbortSignal): Promise<string> =>
  (await node.run(['sh', ['-c', 'cat "$1" 2>/dev/null || true', 'sh', path]], {signal, timeout: 20_000}))
    .stdout;

/**
 * Rules are removed one by one (`--noflush`): restoring a table would lose what kube-proxy adds at the same time. A jump to a chain is the
 * end of a rule; the same text in a comment is not.
 */
const removeScript = String.raw`
ranges=$1 links=$2 paths=$3 state=$4 chains=$5
for link in $links; do
  if [ -e "/sys/class/net/$link" ]; then ip link delete "$link"; fi
done
# Routes through links of the network are gone with them. Those of the kernel and of the network runtime (107) stay.
for range in $ranges; do
  case $range in *:*) family=-6 ;; *) family=-4 ;; esac
  ip "$family" -details route show root "$range" |
    sed -nE '/ proto (kernel|ra|107)( |$)/d; s/^([a-z]+ [^ ]+).*( proto [^ ]+).*/\1\2/p' |
    while read -r route; do ip "$family" route delete $route; done
done
for path in $paths; do rm -rf "$path"; done
for directory in $state; do
  [ -d "$directory" ] || continue
  rm -f "$directory"/lock "$directory"/last_reserved_ip.*
  rmdir "$directory" 2>/dev/null || echo "$directory keeps $(ls "$directory" | wc -l) files of failed cleanups"
done
for program in iptables ip6tables; do
  for table in filter nat mangle raw; do
    for chain in $chains; do
      rules=$("$program" -w -t "$table" -S 2>/dev/null) || continue
      names=$(printf '%s\n' "$rules" | sed -n "s/^-N \($chain[^ ]*\)$/\1/p")
      [ -n "$names" ] || continue
      {
        echo "*$table"
        printf '%s\n' "$rules" | sed -n "/ -[jg] $chain[^ \"]*$/s/^-A/-D/p"
        printf -- '-F %s\n' $names
        printf -- '-X %s\n' $names
        echo COMMIT
      } | "$program-restore" -w --noflush
    done
  done
done`;

/** The bridge of kni-demo's own network. With its address it would keep the route to the pods of the node. */
export const removeOwnBridge: Command = [
  'sh',
  ['-ec', 'if [ -e /sys/class/net/kni0 ]; then ip link delete kni0; fi'],
];

/**
 * Removes what the network leaves on a node after its objects and the sandboxes of all pods were removed. Idempotent. `podRanges` are
 * the addresses of pods on all nodes, IPv4 and IPv6: routes to other destinations stay.
 */
export const removeLeftovers = ({leftovers, manifest}: Network, podRanges: readonly string[]): Command => {
  const {links, paths, state, chains} = leftovers;
  // Its program has written all the configurations in this directory.
  const configurations = manifest === undefined ? [] : [`${confDirOfOthers}/*`];
  const lists = [podRanges, links, [...paths, ...configurations], state, chains];
  return ['sh', ['-ec', removeScript, 'sh', ...lists.map((each) => each.join(' '))]];
};
