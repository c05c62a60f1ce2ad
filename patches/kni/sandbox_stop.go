package kni

import (
	"context"
	"fmt"

	"k8s.io/klog/v2"
)

// stopPodSandbox stops the sandbox and then releases its network. It returns a failed release, as containerd returns a
// failed CNI DEL: the kubelet retries and makes no further sandbox until that succeeds. While the network runtime is down
// or hangs it returns no error, so that pods can be deleted.
func (c *core) stopPodSandbox(ctx context.Context, podSandboxID string) error {
	c.events.kubeletRuns()
	network, err := c.networkOf(ctx, podSandboxID)
	if err != nil || network == nil {
		return c.cri.StopPodSandbox(ctx, podSandboxID)
	}
	if err := c.cri.StopPodSandbox(ctx, podSandboxID); err != nil {
		return err
	}
	if err := c.releases.release(network); err != nil && !isSilent(err) {
		return err
	}
	return nil
}

// removePodSandbox fails until the network is released, because a restarted kubelet finds the network only through its
// sandbox. After a release in the background the queue removes the sandbox itself: the kubelet's next call may come a
// minute later.
func (c *core) removePodSandbox(ctx context.Context, podSandboxID string) error {
	c.events.kubeletRuns()
	network, err := c.networkOf(ctx, podSandboxID)
	if err != nil {
		return err
	}
	if err := c.releaseBeforeRemoval(podSandboxID, network); err != nil {
		return err
	}
	return c.removeReleased(ctx, podSandboxID)
}

func (c *core) releaseBeforeRemoval(podSandboxID string, network *podNetwork) error {
	if network == nil {
		// The sandbox was created without KNI, or was removed without the kubelet.
		if len(c.addresses.lastKnown(podSandboxID)) > 0 {
			return c.kni.releaseSandbox(podSandboxID)
		}
		return nil
	}
	if err := c.releases.release(network); err != nil && c.releases.requestRemoval(network) {
		return fmt.Errorf("the network is being released in the background: %w", err)
	}
	return nil
}

func (c *core) removeReleased(ctx context.Context, podSandboxID string) error {
	if err := c.cri.RemovePodSandbox(ctx, podSandboxID); err != nil {
		return err
	}
	c.addresses.forget(podSandboxID)
	return nil
}

// removeLate leaves a failure to the kubelet's garbage collection.
func (c *core) removeLate(podSandboxID string) {
	if err := c.removeReleased(context.Background(), podSandboxID); err != nil {
		klog.Warningf("Failed to remove pod sandbox %q after the release of its network: %v", podSandboxID, err)
	}
}
