#!/bin/sh
# Last step of the node image: what kind's files leave open, for KNI, and for a Kubernetes that kind did not put there.
#   configure-node.sh [PAUSE_IMAGE KUBERNETES_VERSION]
# Without arguments the node is one that kind has published, with all that its Kubernetes wants.
set -eu
config=/etc/containerd/config.toml

# Without CAP_SYS_RESOURCE a score below the parent's cannot be set; with it this changes nothing of note.
sed -i 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' "$config"
# Adopt the network namespaces that the kubelet names, and only from the runtime's directory.
sed -i '/restrict_oom_score_adj = true/a\  # network namespaces made by the KNI network runtime are joined, not made\n  kni_netns_dir = "/run/netns"' "$config"
grep -q 'kni_netns_dir' "$config"

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

mkdir -p /var/lib/kni /etc/kni/net.d
systemctl enable kni.service
