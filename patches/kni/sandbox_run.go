package kni

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/klog/v2"
)

// runPodSandbox creates the netns, the sandbox in it, and then the interfaces. A failure undoes the earlier steps.
func (c *core) runPodSandbox(ctx context.Context, config *podSandboxConfig, runtimeHandler string) (string, error) {
	if usesNodeNetwork(config) {
		return c.cri.RunPodSandbox(ctx, config, runtimeHandler)
	}
	c.events.kubeletRuns()
	network := newPodNetwork(config.GetMetadata(), config.GetLabels(), config.GetAnnotations())
	isAlone := c.starting.add(network.uid)
	defer c.starting.remove(network.uid)
	if !isAlone {
		// Kubelet 1.20 may start a static pod again, with the same uid, while the previous start is in progress. Undoing
		// the second start would remove the network of the first.
		return "", errStarting
	}

	// After an undone attempt the next one has the same attempt number, so a late release of the old network would remove
	// the new one.
	if err := c.releases.releasePod(network.uid); err != nil {
		return "", fmt.Errorf("an earlier network of the pod is not released yet: %w", err)
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

// attach deletes the start record first. If that fails, it attaches nothing: the next kubelet would release the network
// of the running pod.
func (c *core) attach(network *podNetwork, config *podSandboxConfig) ([]string, error) {
	if err := c.starts.remove(network); err != nil {
		return nil, err
	}
	return c.kni.attach(network, config)
}

// undoFailedCreate handles a netns that may exist although the call failed. The queue releases it in the background,
// because the kubelet does not retry if the pod is deleted now.
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

// undoRun removes the sandbox only if its network is released. Otherwise the stopped sandbox stays, and the kubelet
// finds it even after a restart. The kubelet stops it again before it creates another one, and fails until the network
// is released.
func (c *core) undoRun(ctx context.Context, network *podNetwork) {
	// The kubelet cancels the context of a start when the pod is deleted.
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
