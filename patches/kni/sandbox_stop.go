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
	if network != nil {
		if err := c.kni.release(network); err != nil {
			return err
		}
		c.releases.forget(network.key())
	}
	if err := c.cri.RemovePodSandbox(ctx, podSandboxID); err != nil {
		return err
	}
	c.addresses.forget(podSandboxID)
	return nil
}

// stop detaches, stops the sandbox and deletes the network. It tells whether the network is released; when it is not,
// the release goes on in the background. Only the failure of the container runtime is an error.
func (c *core) stop(ctx context.Context, network *podNetwork) (released bool, err error) {
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
	c.releases.forget(network.key())
	return true, nil
}
