package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
)

// settings come from the variables that kni-demo sets on a node and in its tests.
type settings struct {
	// Path of the unix socket to serve KNI on.
	socket string
	// Directory for what must survive a restart.
	stateDir string
	// Directory of the pods' network namespaces. containerd accepts no other.
	netnsDir string
	// Name of the Node object of this node.
	nodeName string
	// Subnets for the pods of this node. Empty: those of the Node object.
	podCIDRs []netip.Prefix
	// Address and credentials of the API server.
	kubeconfig string
}

func readSettings() (settings, error) {
	host, _ := os.Hostname()
	read := settings{
		socket:     variable("KNI_SOCKET", "/run/kni/kni.sock"),
		stateDir:   variable("KNI_STATE_DIR", "/var/lib/kni-runtime"),
		netnsDir:   variable("KNI_NETNS_DIR", "/run/netns"),
		nodeName:   variable("KNI_NODE_NAME", host),
		kubeconfig: variable("KNI_KUBECONFIG", "/etc/kubernetes/kubelet.conf"),
	}
	for _, text := range strings.FieldsFunc(os.Getenv("KNI_POD_CIDRS"), func(r rune) bool { return r == ',' || r == ' ' }) {
		subnet, err := netip.ParsePrefix(text)
		if err != nil {
			return read, fmt.Errorf("invalid KNI_POD_CIDRS: %q is not a subnet such as 10.244.1.0/24", text)
		}
		read.podCIDRs = append(read.podCIDRs, subnet.Masked())
	}
	return read, nil
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
