package kni

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errStarting = errors.New("the network of the pod is being set up")

// networkStatus has the addresses of a sandbox, or is nil where what the container runtime says is left as it is. The
// kubelet kills a ready sandbox without addresses, so that "none" is said only when the network runtime is sure of it.
func (c *core) networkStatus(sandbox *podSandboxStatus) (*podSandboxNetworkStatus, error) {
	// The kubelet does not look at the addresses of a sandbox that is not ready, and must be able to delete it.
	if sandbox.GetState() != sandboxReady {
		return nil, nil
	}
	network := podNetworkOf(sandbox)
	if network == nil {
		return nil, nil
	}
	// A sandbox is ready before it is attached. Asked after its state, so that a sandbox made meanwhile is known here.
	if c.starting.has(network.uid) {
		return nil, errStarting
	}
	ips, err := c.podIPs(network)
	if err != nil {
		return nil, err
	}
	return networkStatusFrom(ips), nil
}

// podIPs is empty when the sandbox has no network, and the last known addresses when that cannot be told.
func (c *core) podIPs(network *podNetwork) ([]string, error) {
	ips, err := c.kni.query(network)
	if err == nil {
		c.addresses.remember(network.sandboxID, ips)
		return ips, nil
	}
	switch status.Code(err) {
	// Failed precondition: not attached. This kubelet is not attaching it either. An attach that was under way when the
	// kubelet restarted may still succeed, but nobody waits for it any more: the sandbox is made anew.
	case codes.NotFound, codes.FailedPrecondition:
		c.addresses.forget(network.sandboxID)
		return nil, nil
	}
	if ips := c.addresses.lastKnown(network.sandboxID); len(ips) > 0 {
		return ips, nil
	}
	return nil, err
}

func networkStatusFrom(ips []string) *podSandboxNetworkStatus {
	network := &podSandboxNetworkStatus{}
	for i, ip := range ips {
		if i == 0 {
			network.Ip = ip
			continue
		}
		network.AdditionalIps = append(network.AdditionalIps, &podIP{Ip: ip})
	}
	return network
}
