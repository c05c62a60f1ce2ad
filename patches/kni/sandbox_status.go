package kni

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errStarting = errors.New("the network of the pod is being set up")

// networkStatus returns the addresses of a sandbox, or nil to keep the answer of the container runtime. The kubelet
// kills a ready sandbox without addresses, so networkStatus returns none only if the network runtime is sure.
func (c *core) networkStatus(sandbox *podSandboxStatus) (*podSandboxNetworkStatus, error) {
	// The kubelet does not use the addresses of a sandbox that is not ready, and it must be able to delete it.
	if sandbox.GetState() != sandboxReady {
		return nil, nil
	}
	network := podNetworkOf(sandbox)
	if network == nil {
		return nil, nil
	}
	// A sandbox is ready before its network is attached. This check comes after the check of the state, so that it
	// covers a sandbox that was created in between.
	if c.starting.has(network.uid) {
		return nil, errStarting
	}
	ips, err := c.podIPs(network)
	if err != nil {
		return nil, err
	}
	return networkStatusFrom(ips), nil
}

// podIPs returns no addresses if the sandbox has no network, and the last known addresses if the network runtime does
// not answer.
func (c *core) podIPs(network *podNetwork) ([]string, error) {
	ips, err := c.kni.query(network)
	if err == nil {
		c.addresses.remember(network.sandboxID, ips)
		return ips, nil
	}
	switch status.Code(err) {
	// FailedPrecondition means not attached, and this kubelet is not attaching it. An AttachInterface call from before
	// a restart of the kubelet may still succeed, but the kubelet ignores its result and creates the sandbox again.
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
