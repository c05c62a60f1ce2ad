#!/bin/sh
# Last step of the node image: configures it for KNI, and for a Kubernetes that kind did not install.
#   configure-node.sh [PAUSE_IMAGE KUBERNETES_VERSION]
# Without arguments, the node image is one that kind has published, which is complete except for KNI.
set -eu
config=/etc/containerd/config.toml

# Without CAP_SYS_RESOURCE a process cannot set an OOM score below its parent's. With it, this setting hardly matters.
sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$config"
# Adopt the network namespaces that the kubelet selects, but only from the runtime's directory.
sed -i '/restrict_oom_score_adj = true/a\  # adopt network namespaces that the KNI network runtime created\n  kni_netns_dir = "/run/netns"' "$config"
grep -q 'kni_netns_dir' "$config"
# /etc/cni/net.d is for the networks that the network runtime serves. containerd gets another directory, which stays empty.
plugin=$(awk '/^ *\[plugins\./ {section = $1} /kni_netns_dir/ {sub(/^\[/, "", section); sub(/\]$/, "", section); print section}' "$config")
printf '\n[%s.cni]\n  conf_dir = "/etc/kni/containerd-net.d"\n' "$plugin" >>"$config"

if [ $# -gt 0 ]; then
  # The preloaded pause image; and the cgroupfs driver, which is what kubeadm before 1.24 sets the kubelet to.
  sed -i -e "s|sandbox_image = .*|sandbox_image = \"$1\"|" -e 's/SystemdCgroup = true/SystemdCgroup = false/' "$config"
  grep -q "$1" "$config"

  # The hook that hides the host's product uuid, as in kind's base image.
  ctr oci spec \
    | jq '.hooks.createContainer[.hooks.createContainer | length] |= . + {"path": "/kind/bin/mount-product-files.sh"}' \
    | jq 'del(.process.rlimits)' >/etc/containerd/cri-base.json

  printf '%s' "$2" >/kind/version
fi

mkdir -p /var/lib/kni /etc/kni/net.d /etc/kni/containerd-net.d /etc/cni/net.d
# Programs that install a CNI look for the reference plugins only here, some in their own mount namespace, where links break.
mkdir -p /opt/cni/bin
cp /usr/lib/cni/* /opt/cni/bin/
systemctl enable kni.service
