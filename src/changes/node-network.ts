/**
 * Removes the leftovers of a user's network runtime from a node. KNI has no call that undoes SetupNodeNetwork, so a bridge or an iptables
 * rule stays. The node's network is listed before the first such runtime starts; later additions are removed after the last one.
 */

import type {Command} from '../host/host.ts';

/**
 * Prints one line each for links, netns, routes, nftables tables and iptables rules. Leaves out the routes and rules of the kernel,
 * docker and kube-proxy: they may change while the runtime is in use.
 */
const list = String.raw`
list() {
  ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'
  ls -1 /run/netns 2>/dev/null | sed 's/^/netns /'
  for family in 4 6; do
    ip -$family route | sed -E "/^default|proto (kernel|ra)/d; s/ +$//; s/^/route $family /"
  done
  nft list tables 2>/dev/null | sed -E '/ (nat|filter|mangle|raw|security)$/d; s/^table /table /'
  for tool in iptables ip6tables; do
    $tool-save 2>/dev/null | while read -r line; do
      case $line in
        \**) table=${'${line#?}'} ;;
        :*' - '*) line=${'${line#:}'}; echo "$tool $table -N ${'${line%% *}'}" ;;
        -A*) printf '%s\n' "$tool $table $line" ;;
      esac
    done | sed -E '/KUBE-|DOCKER_/d'
  done
}
`;

/** Removes lines that \`list\` has printed. iptables-restore parses rules itself, so their quotes have no meaning for the shell. */
const remove = String.raw`
remove() {
  while read -r kind first rest; do
    case $kind in
      netns) ip netns delete "$first" 2>/dev/null || rm -f "/run/netns/$first" ;;
      route) ip -"$first" route del $rest 2>/dev/null ;;
      link) [ "$first" = eth0 ] || ip link delete "$first" 2>/dev/null ;;
      table) nft delete table "$first" $rest 2>/dev/null ;;
      iptables|ip6tables)
        case $rest in
          -A*) rule="-D ${'${rest#-A }'}" ;;
          *) rule="-F ${'${rest#-N }'}" ;;
        esac
        printf '*%s\n%s\nCOMMIT\n' "$first" "$rule" | $kind-restore --noflush 2>/dev/null ;;
    esac || true
  done
}
# A chain can be deleted only when no rule jumps to it any more.
removeChains() {
  while read -r kind first rest; do
    case $rest in -N*) $kind -t "$first" -X "${'${rest#-N }'}" 2>/dev/null || true ;; esac
  done
}
`;

/**
 * Writes the list to the file, unless it exists. First removes bridges without ports, which our own runtime's plugins create when
 * they need them: another runtime may give the same address to its own bridge.
 */
export const rememberNetwork = (file: string): Command => [
  'sh',
  [
    '-c',
    `${list}
for bridge in $(ip -o link show type bridge | sed -E 's/^[0-9]+: ([^:@]+).*/\\1/'); do
  [ -n "$(ip -o link show master "$bridge")" ] || ip link delete "$bridge"
done
[ -e "$1" ] || { mkdir -p "$(dirname "$1")" && list >"$1.new" && sync "$1.new" && mv "$1.new" "$1"; }`,
    'sh',
    file,
  ],
];

/**
 * Removes links, routes and rules that the list lacks, and prints them. A line that begins with `!` could not be removed. Does nothing
 * if the list is missing or incomplete: it would lack everything on the node.
 */
export const restoreNetwork = (file: string): Command => [
  'sh',
  [
    '-c',
    `${list}${remove}
grep -qsx 'link lo' "$1" || exit 0
added=$(list | grep -vxFf "$1")
[ -n "$added" ] || exit 0
printf '%s\\n' "$added"
printf '%s\\n' "$added" | remove
printf '%s\\n' "$added" | removeChains
list | grep -vxFf "$1" | sed 's/^/! /'
exit 0`,
    'sh',
    file,
  ],
];
