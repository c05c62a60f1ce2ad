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

// conditions takes the network condition from the network runtime, because with KNI the container runtime knows no
// network.
func (c *core) conditions(ofContainerRuntime []*runtimeCondition) []*runtimeCondition {
	c.events.kubeletRuns()
	network := c.networkCondition()
	// A restarted network runtime may have to set up the node again.
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

// networkCondition is ready if the node has networks, and each of them is ready or lacks only room for more pods. After
// five minutes a node that is not ready loses its running pods, which does not help a full network. A pod that finds no
// room fails alone, with the reason in its events.
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

// reasonOfFailure uses only the code of the error: each new text would be a new condition of the node.
func (c *core) reasonOfFailure(code codes.Code) (reason, message string) {
	if code == codes.Unavailable {
		return "KNIRuntimeUnavailable", c.kni.unreachable()
	}
	return "KNIRuntimeFailed", fmt.Sprintf("KNI network runtime at %s did not answer QueryNodeNetworks: %v", c.kni.endpoint, code)
}

func networkNotReady(reason, message string) *runtimeCondition {
	return &runtimeCondition{Type: networkReady, Reason: reason, Message: message}
}

// reasonOf returns the reason of the network runtime, or at least the name of the network.
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

// nodeSetup asks the network runtime to set up the node: at start, and again when the node is not ready. It also
// records when the node was last ready.
type nodeSetup struct {
	kni      *client
	interval time.Duration
	// silence is how long a ready node stays ready while the network runtime does not answer.
	silence time.Duration
	// requests holds at most one request, because repeated setups are useless.
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

// mayBeRestarting reports whether a node stays ready although the network runtime does not answer. An upgrade takes a
// few seconds, and it must not move pods or change load balancers.
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
			// The node condition has the reason. This line only helps to debug.
			klog.V(2).Infof("KNI network runtime did not set up the node: %v", err)
		}
		select {
		case <-stop:
			return
		case <-time.After(n.interval):
		}
	}
}
