#!/bin/sh
# What flanneld does with --kube-subnet-mgr, --ip-masq and the backend vxlan: subnet.env, a VXLAN device with a peer for each other
# node, masquerading and forwarding rules. All of it stays when this program ends. NODE_NAME names the node.
set -eu
network=$(jq -r .Network /etc/kube-flannel/net-conf.json)
account=/var/run/secrets/kubernetes.io/serviceaccount
get() {
  curl -fsS --max-time 10 --cacert "$account/ca.crt" -H "Authorization: Bearer $(cat "$account/token")" \
    "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT$1"
}
# Lines of name, podCIDR and internal address.
nodes() {
  get /api/v1/nodes |
    jq -r '.items[] | [.metadata.name, .spec.podCIDR, (.status.addresses[] | select(.type == "InternalIP").address)] | join(" ")'
}
# A MAC that all nodes can derive from an address: flanneld publishes it in an annotation.
mac() { printf '0e:00:%02x:%02x:%02x:%02x' $(echo "$1" | tr . ' '); }

until all=$(nodes); do sleep 1; done
own=$(echo "$all" | grep "^$NODE_NAME ")
cidr=$(echo "$own" | cut -d' ' -f2)
ip=$(echo "$own" | cut -d' ' -f3)
base=${cidr%.*}
link=$(ip -o -4 address show to "$ip" | cut -d' ' -f2)
mtu=$(($(cat "/sys/class/net/$link/mtu") - 50))

if ! [ -e /sys/class/net/flannel.1 ]; then
  ip link add flannel.1 address "$(mac "$ip")" type vxlan id 1 dev "$link" local "$ip" dstport 8472 nolearning
fi
ip link set flannel.1 mtu "$mtu" up
ip address replace "$base.0/32" dev flannel.1

chain() { iptables -w -t "$1" -N "$2" 2>/dev/null || iptables -w -t "$1" -F "$2"; }
jump() { iptables -w -t "$1" -C "$2" -m comment --comment 'flanneld' -j "$3" 2>/dev/null ||
  iptables -w -t "$1" -A "$2" -m comment --comment 'flanneld' -j "$3"; }
chain nat FLANNEL-POSTRTG
iptables -w -t nat -A FLANNEL-POSTRTG -s "$cidr" -d "$network" -j RETURN
iptables -w -t nat -A FLANNEL-POSTRTG -s "$network" -d "$cidr" -j RETURN
iptables -w -t nat -A FLANNEL-POSTRTG -s "$network" ! -d 224.0.0.0/4 -j MASQUERADE
iptables -w -t nat -A FLANNEL-POSTRTG ! -s "$network" -d "$network" -j MASQUERADE
jump nat POSTROUTING FLANNEL-POSTRTG
chain filter FLANNEL-FWD
iptables -w -A FLANNEL-FWD -s "$network" -j ACCEPT
iptables -w -A FLANNEL-FWD -d "$network" -j ACCEPT
jump filter FORWARD FLANNEL-FWD

peers() {
  echo "$1" | while read -r name peer_cidr peer_ip; do
    [ "$name" != "$NODE_NAME" ] || continue
    peer=${peer_cidr%.*}.0
    ip neigh replace "$peer" lladdr "$(mac "$peer_ip")" dev flannel.1
    bridge fdb replace "$(mac "$peer_ip")" dev flannel.1 dst "$peer_ip"
    ip route replace "$peer_cidr" via "$peer" dev flannel.1 onlink
  done
}
peers "$all"
printf 'FLANNEL_NETWORK=%s\nFLANNEL_SUBNET=%s.1/24\nFLANNEL_MTU=%s\nFLANNEL_IPMASQ=true\n' "$network" "$base" "$mtu" \
  >/run/flannel/.subnet.env
mv /run/flannel/.subnet.env /run/flannel/subnet.env

trap 'exit 0' TERM
while true; do
  sleep 5 & wait $!
  if all=$(nodes); then peers "$all"; fi
done
