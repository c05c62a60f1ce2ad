package kni

import (
	"fmt"
	"strconv"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// podNetwork is the network of one pod sandbox. All fields can be read from the sandbox, so that a restarted kubelet
// knows them, too.
type podNetwork struct {
	name        string
	namespace   string
	uid         string
	attempt     uint32
	labels      map[string]string
	annotations map[string]string
	// sandboxID is empty until the sandbox is created.
	sandboxID string
	// netnsPath is empty until the netns is created.
	netnsPath string
}

func newPodNetwork(metadata *podSandboxMetadata, labels, annotations map[string]string) *podNetwork {
	return &podNetwork{
		name:        metadata.GetName(),
		namespace:   metadata.GetNamespace(),
		uid:         metadata.GetUid(),
		attempt:     metadata.GetAttempt(),
		labels:      labels,
		annotations: annotationsWithoutNetns(annotations),
	}
}

// podNetworkOf returns nil for a sandbox without a KNI network: it uses the node's network, or was created without KNI.
func podNetworkOf(sandbox interface {
	GetId() string
	GetMetadata() *podSandboxMetadata
	GetLabels() map[string]string
	GetAnnotations() map[string]string
}) *podNetwork {
	netnsPath := sandbox.GetAnnotations()[netnsAnnotation]
	if netnsPath == "" {
		return nil
	}
	network := newPodNetwork(sandbox.GetMetadata(), sandbox.GetLabels(), sandbox.GetAnnotations())
	network.sandboxID = sandbox.GetId()
	network.netnsPath = netnsPath
	return network
}

// key identifies a network. It includes the sandbox id, because a sandbox and an interrupted start can have the same
// attempt number.
func (n *podNetwork) key() string {
	return fmt.Sprintf("%s/%d/%s", n.uid, n.attempt, n.sandboxID)
}

func (n *podNetwork) String() string {
	return fmt.Sprintf("pod %s/%s (uid %s, attempt %d)", n.namespace, n.name, n.uid, n.attempt)
}

func (n *podNetwork) isolation() *api.Isolation {
	return &api.Isolation{Path: n.netnsPath, Type: "netns"}
}

// extradata has the values for which the messages have no field.
func (n *podNetwork) extradata() map[string]string {
	return map[string]string{"uid": n.uid, "attempt": strconv.FormatUint(uint64(n.attempt), 10)}
}
