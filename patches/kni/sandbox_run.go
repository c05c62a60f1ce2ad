package kni

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/klog/v2"
)

// runPodSandbox makes the netns, the sandbox in it, and then the interfaces. A failure undoes what went before.
func (c *core) runPodSandbox(ctx context.Context, config *podSandboxConfig, runtimeHandler string) (string, error) {
	if usesNodeNetwork(config) {
		return c.cri.RunPodSandbox(ctx, config, runtimeHandler)
	}
	c.events.kubeletRuns()
	network := newPodNetwork(config.GetMetadata(), config.GetLabels(), config.GetAnnotations())
	isAlone := c.starting.add(network.uid)
	defer c.starting.remove(network.uid)
	if !isAlone {
		// Kubelet 1.20 may start a static pod that comes back while it is still at work for the one before, by the same
		// uid. To undo the second start would take the network of the first.
		return "", errStarting
	}

	// After an undone attempt the next one has the same number, too: a late release of the old network would hit the new
	// one.
	if err := c.releases.releasePod(network.uid); err != nil {
		return "", fmt.Errorf("an earlier network of the pod is still there: %w", err)
	}

	c.starts.add(network)
	netnsPath, err := c.kni.create(network)
	if err != nil {
		c.undoFailedCreate(network, err)
		return "", err
	}
	network.netnsPath = netnsPath

	sandboxID, err := c.cri.RunPodSandbox(ctx, withNetns(config, netnsPath), runtimeHandler)
	if err != nil {
		c.undoCreate(network)
		return "", err
	}
	network.sandboxID = sandboxID

	ips, err := c.attach(network, config)
	if err != nil {
		c.undoRun(ctx, network)
		return "", err
	}
	c.addresses.remember(sandboxID, ips)
	return sandboxID, nil
}

// attach fails rather than give an interface to a network that the next kubelet would take for one without a sandbox.
func (c *core) attach(network *podNetwork, config *podSandboxConfig) ([]string, error) {
	if err := c.starts.remove(network); err != nil {
		return nil, err
	}
	return c.kni.attach(network, config)
}

// undoFailedCreate does not wait for the release of a netns that may exist although the call failed. Nobody would know of
// it, should the pod be deleted now.
func (c *core) undoFailedCreate(network *podNetwork, err error) {
	switch status.Code(err) {
	case codes.DeadlineExceeded, codes.Unavailable, codes.Unknown:
		c.releases.add(network, err)
	default:
		c.starts.forget(network)
	}
}

func (c *core) undoCreate(network *podNetwork) {
	if err := c.releases.release(network); err == nil {
		c.starts.forget(network)
	}
}

// undoRun removes the sandbox only when its network is released. Otherwise the kubelet finds the stopped sandbox, also
// after a restart. It stops it before it makes another one, and fails until the network is released.
func (c *core) undoRun(ctx context.Context, network *podNetwork) {
	// The kubelet ends the context of a pod's start when the pod is deleted.
	ctx = withoutCancel(ctx)
	err := c.cri.StopPodSandbox(ctx, network.sandboxID)
	if err == nil {
		err = c.releases.release(network)
	}
	if err == nil {
		err = c.cri.RemovePodSandbox(ctx, network.sandboxID)
	}
	if err != nil {
		klog.Warningf("Failed to undo the sandbox of %v: %v", network, err)
	}
}

func usesNodeNetwork(config *podSandboxConfig) bool {
	return config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == nodeNetwork
}
