package kni

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"k8s.io/klog/v2"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// Status takes the network condition from the network runtime: with KNI the container runtime knows of no network.
func (s *runtimeService) Status() (*runtimeapi.RuntimeStatus, error) {
	status, err := s.RuntimeService.Status()
	if err != nil {
		return nil, err
	}
	networkReady := s.networkCondition()
	if !networkReady.Status {
		s.node.request()
	}
	var conditions []*runtimeapi.RuntimeCondition
	for _, condition := range status.GetConditions() {
		if condition.Type != runtimeapi.NetworkReady {
			conditions = append(conditions, condition)
		}
	}
	return &runtimeapi.RuntimeStatus{Conditions: append(conditions, networkReady)}, nil
}

// networkCondition is ready when there are networks and all of them are, or lack no more than room for further pods. A
// node that is not ready would lose the pods that it has after five minutes, which is no cure for that: a pod too many
// fails on its own, with the reason in its events.
func (s *runtimeService) networkCondition() *runtimeapi.RuntimeCondition {
	response := &api.QueryNodeNetworksResponse{}
	if err := s.kni.invoke("QueryNodeNetworks", s.kni.timeouts.queryNode, &api.QueryNodeNetworksRequest{}, response); err != nil {
		return networkNotReady(s.reasonOfFailure(status.Code(err)))
	}
	if len(response.Networks) == 0 {
		return networkNotReady("KNINoNetwork", "KNI network runtime has no network on this node")
	}
	for _, network := range response.Networks {
		if !network.Ready && network.Extradata["running_pods"] != "unaffected" {
			return networkNotReady(reasonOf(network))
		}
	}
	return &runtimeapi.RuntimeCondition{Type: runtimeapi.NetworkReady, Status: true}
}

// reasonOfFailure has no more than the code of the error: a text that varies would be a new condition of the node every
// time.
func (s *runtimeService) reasonOfFailure(code codes.Code) (reason, message string) {
	if code == codes.Unavailable {
		return "KNIRuntimeUnavailable", s.kni.unreachable()
	}
	return "KNIRuntimeFailed", fmt.Sprintf("KNI network runtime at %s did not answer QueryNodeNetworks: %v", s.kni.endpoint, code)
}

func networkNotReady(reason, message string) *runtimeapi.RuntimeCondition {
	return &runtimeapi.RuntimeCondition{Type: runtimeapi.NetworkReady, Reason: reason, Message: message}
}

// reasonOf is the network runtime's own, or says at least which network it is.
func reasonOf(network *api.Network) (reason, message string) {
	reason, message = network.Extradata["reason"], network.Extradata["message"]
	if reason == "" {
		reason = "KNINetworkNotReady"
	}
	if message == "" {
		message = "KNI network " + network.Name + " is not ready"
	}
	return reason, message
}

// nodeSetup has the network runtime prepare the node: at start, and again when the node is found not ready.
type nodeSetup struct {
	kni      *client
	interval time.Duration
	// requests holds one at most: there is no use in setting up twice in a row.
	requests chan struct{}
}

func newNodeSetup(kni *client, interval time.Duration) *nodeSetup {
	n := &nodeSetup{kni: kni, interval: interval, requests: make(chan struct{}, 1)}
	n.request()
	return n
}

func (n *nodeSetup) request() {
	select {
	case n.requests <- struct{}{}:
	default:
	}
}

func (n *nodeSetup) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-n.requests:
		}
		if err := n.kni.invoke("SetupNodeNetwork", n.kni.timeouts.setup, &api.SetupNodeNetworkRequest{}, &api.SetupNodeNetworkResponse{}); err != nil {
			// The node says why it is not ready; this is only for who looks closer.
			klog.V(2).Infof("KNI network runtime did not set up the node: %v", err)
		}
		select {
		case <-stop:
			return
		case <-time.After(n.interval):
		}
	}
}
