#!/bin/sh
# Prints a tar archive of a node's logs and state. kni-demo runs it on each node for `logs bundle`.
# A command that fails does not end it: its error is in problems.txt.
set -eu
directory=$(mktemp -d /var/tmp/kni-logs.XXXXXX)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

# collect FILE COMMAND…
collect() {
  file=$1
  shift
  status=0
  timeout 60 "$@" >"$file" 2>error || status=$?
  [ "$status" = 0 ] || echo "$file: exit code $status: $(tail -n 1 error)" >>problems.txt
  rm -f error
}

journal() { collect "$1.log" journalctl --unit="$1" --output=short-iso-precise --no-pager; }

journal kni
journal kubelet
journal containerd
collect units.txt systemctl --no-pager --full status kni kubelet containerd
collect networks.json kni-runtime networks
collect records.json kni-runtime pods
collect pending.json kni-runtime pending
# Only configurations: plugins such as Calico and Multus keep kubeconfigs with tokens beside theirs.
collect config.txt find /etc/kni -maxdepth 2 '(' -path /etc/kni/runtime.env -o -path '/etc/kni/net.d/*.conf' -o -path '/etc/kni/net.d/*.conflist' -o -path '/etc/kni/net.d/*.json' ')' -exec head -n -0 -v {} +
collect state.txt find /var/lib/kni -ls
collect leases.txt sh -c 'find /var/lib/kni/ipam -type f -exec head -v -n 5 {} +'
collect netns.txt ls -l /run/netns
collect links.txt ip -d address
collect routes.txt sh -c 'ip rule; ip route show table all; ip -6 rule; ip -6 route show table all'
collect bridge.txt bridge fdb
collect iptables.txt iptables-save
collect ip6tables.txt ip6tables-save
collect nftables.txt nft list ruleset
collect containers.txt ctr --namespace k8s.io containers list
collect tasks.txt ctr --namespace k8s.io tasks list
collect room.txt sh -c 'df -h; free -m'
collect versions.txt sh -c 'uname -a; kubelet --version; containerd --version; runc --version; iptables --version; nft --version; /opt/kni/bin/node --version; cat /opt/kni/own-programs.json'
# The logs of the pods in kube-system, without asking the API server.
for pod in /var/log/pods/kube-system_*; do
  [ -e "$pod" ] || continue
  mkdir -p kube-system
  cp -rL "$pod" kube-system/ || echo "cannot copy $pod" >>problems.txt
done
if [ -e /etc/kubernetes/admin.conf ]; then
  kubectl='kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=20s'
  collect events.txt $kubectl get events --all-namespaces --sort-by=.lastTimestamp --output=wide
  collect nodes.txt $kubectl describe nodes
  collect pods.txt $kubectl get pods --all-namespaces --output=wide
fi
tar -c .
