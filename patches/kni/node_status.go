package kni

import (
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/klog/v2"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// conditions takes the network condition from the network runtime: with KNI the container runtime knows of no network.
func (c *core) conditions(ofContainerRuntime []*runtimeCondition) []*runtimeCondition {
	c.events.kubeletRuns()
	network := c.networkCondition()
	// A network runtime that was restarted may have to set up the node once more.
	if network.Reason != "" {
		c.node.request()
	}
	var conditions []*runtimeCondition
	for _, condition := range ofContainerRuntime {
		if condition.Type != networkReady {
			conditions = append(conditions, condition)
		}
	}
	return append(conditions, network)
}

// networkCondition is ready when there are networks and all of them are, or lack no more than room for further pods. A
// node that is not ready would lose the pods that it has after five minutes, which is no cure for that: a pod too many
// fails on its own, with the reason in its events.
func (c *core) networkCondition() *runtimeCondition {
	response := &api.QueryNodeNetworksResponse{}
	if err := c.kni.invoke("QueryNodeNetworks", c.kni.timeouts.queryNode, &api.QueryNodeNetworksRequest{}, response); err != nil {
		condition := networkNotReady(c.reasonOfFailure(status.Code(err)))
		condition.Status = c.node.mayBeRestarting(status.Code(err))
		return condition
	}
	if len(response.Networks) == 0 {
		return networkNotReady("KNINoNetwork", "KNI network runtime has no network on this node")
	}
	for _, network := range response.Networks {
		if !network.Ready && network.Extradata["running_pods"] != "unaffected" {
			return networkNotReady(reasonOf(network))
		}
	}
	c.node.foundReady()
	return &runtimeCondition{Type: networkReady, Status: true}
}

// reasonOfFailure has no more than the code of the error: a text that varies would be a new condition of the node every
// time.
func (c *core) reasonOfFailure(code codes.Code) (reason, message string) {
	if code == codes.Unavailable {
		return "KNIRuntimeUnavailable", c.kni.unreachable()
	}
	return "KNIRuntimeFailed", fmt.Sprintf("KNI network runtime at %s did not answer QueryNodeNetworks: %v", c.kni.endpoint, code)
}

func networkNotReady(reason, message string) *runtimeCondition {
	return &runtimeCondition{Type: networkReady, Reason: reason, Message: message}
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

// nodeSetup has the network runtime prepare the node: at start, and again when the node is found not ready. It knows when
// the node was last ready.
type nodeSetup struct {
	kni      *client
	interval time.Duration
	// silence is for how long the network runtime may say nothing of a node that was ready.
	silence time.Duration
	// requests holds one at most: there is no use in setting up twice in a row.
	requests  chan struct{}
	mutex     sync.Mutex
	lastReady time.Time
}

func newNodeSetup(kni *client, interval, silence time.Duration) *nodeSetup {
	n := &nodeSetup{kni: kni, interval: interval, silence: silence, requests: make(chan struct{}, 1)}
	n.request()
	return n
}

func (n *nodeSetup) foundReady() {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.lastReady = time.Now()
}

// mayBeRestarting tells whether a node stays ready although the network runtime does not answer. An upgrade takes a few
// seconds, and pods must not be kept from nodes, nor load balancers told, for that.
func (n *nodeSetup) mayBeRestarting(code codes.Code) bool {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	isSilent := code == codes.Unavailable || code == codes.DeadlineExceeded
	return isSilent && time.Since(n.lastReady) < n.silence
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
