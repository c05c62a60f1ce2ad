package kni

import "context"

// stopPodSandbox stops the sandbox whatever the network runtime says: pods must not stay behind because it is down.
func (c *core) stopPodSandbox(ctx context.Context, podSandboxID string) error {
	network, err := c.networkOf(ctx, podSandboxID)
	if err != nil || network == nil {
		return c.cri.StopPodSandbox(ctx, podSandboxID)
	}
	_, err = c.stop(ctx, network)
	return err
}

// removePodSandbox fails until the network is released, because the sandbox is all that reminds a restarted kubelet of
// it.
func (c *core) removePodSandbox(ctx context.Context, podSandboxID string) error {
	network, err := c.networkOf(ctx, podSandboxID)
	if err != nil {
		return err
	}
	if err := c.releaseBeforeRemoval(podSandboxID, network); err != nil {
		return err
	}
	if err := c.cri.RemovePodSandbox(ctx, podSandboxID); err != nil {
		return err
	}
	c.addresses.forget(podSandboxID)
	return nil
}

func (c *core) releaseBeforeRemoval(podSandboxID string, network *podNetwork) error {
	if network == nil {
		// It is not ours, or it was removed behind the kubelet's back.
		if len(c.addresses.lastKnown(podSandboxID)) > 0 {
			return c.kni.releaseSandbox(podSandboxID)
		}
		return nil
	}
	if err := c.releases.pendingError(network); err != nil {
		return err
	}
	if err := c.kni.release(network); err != nil {
		return err
	}
	c.releases.forget(network)
	return nil
}

// stop detaches, stops the sandbox and deletes the network. It tells whether the network is released; when it is not,
// the release goes on in the background. Only the failure of the container runtime is an error.
func (c *core) stop(ctx context.Context, network *podNetwork) (released bool, err error) {
	c.stopping.add(network.sandboxID)
	defer c.stopping.remove(network.sandboxID)
	// The kubelet stops and removes sandboxes one after the other: all would wait for one whose plugins hang.
	if c.releases.pendingError(network) != nil {
		return false, c.cri.StopPodSandbox(ctx, network.sandboxID)
	}
	releaseErr := c.kni.detach(network)
	if err := c.cri.StopPodSandbox(ctx, network.sandboxID); err != nil {
		return false, err
	}
	if releaseErr == nil {
		releaseErr = c.kni.delete(network)
	}
	if releaseErr != nil {
		c.releases.add(network, releaseErr)
		return false, nil
	}
	c.releases.forget(network)
	return true, nil
}
