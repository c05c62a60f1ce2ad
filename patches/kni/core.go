package kni

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"
)

// core lets the container runtime create pod sandboxes, and the network runtime their networks. It is independent of
// the CRI generation: cri.go of the generation names the message types, and the adapter of the generation calls the
// core.
type core struct {
	cri       containerRuntime
	kni       *client
	addresses *addressStore
	starts    *startStore
	// starting has the uids of the pods that are in RunPodSandbox.
	starting busySet
	releases *releaseQueue
	events   *podEvents
	node     *nodeSetup
}

// containerRuntime is the part of the CRI client that the core uses.
type containerRuntime interface {
	RunPodSandbox(ctx context.Context, config *podSandboxConfig, runtimeHandler string) (string, error)
	StopPodSandbox(ctx context.Context, podSandboxID string) error
	RemovePodSandbox(ctx context.Context, podSandboxID string) error
	ListPodSandbox(ctx context.Context, filter *podSandboxFilter) ([]*podSandbox, error)
}

func newCore(cri containerRuntime, o options) (*core, error) {
	kni, err := newClient(o.endpoint, o.timeouts)
	if err != nil {
		return nil, err
	}
	c := &core{
		cri:       cri,
		kni:       kni,
		addresses: newAddressStore(filepath.Join(o.stateDir, "addresses")),
		starts:    newStartStore(filepath.Join(o.stateDir, "starts")),
		events:    newPodEvents(o.recorder),
		node:      newNodeSetup(kni, o.setupInterval, o.silence),
	}
	c.releases = newReleaseQueue(kni, c.starts, c.events, c.removeLate, o)
	c.releaseInterrupted()
	go c.releases.run(o.stop)
	go c.node.run(o.stop)
	go wait.Until(func() { c.pruneSandboxes(o.pruneRetry, o.stop) }, o.pruneInterval, o.stop)
	return c, nil
}

var errInterrupted = errors.New("the kubelet stopped before it created the sandbox")

// releaseInterrupted must run before the first sandbox is created: a new attempt has the same key, and waits for the
// release.
func (c *core) releaseInterrupted() {
	for _, network := range c.starts.interrupted() {
		c.events.report(network, errInterrupted)
		c.releases.add(network, errInterrupted)
	}
}

// pruneSandboxes retries until both runtimes answer, because they may start after the kubelet. It runs periodically,
// because sandboxes may be removed without the kubelet at any time.
func (c *core) pruneSandboxes(retry time.Duration, stop <-chan struct{}) {
	err := wait.PollImmediateUntil(retry, func() (bool, error) {
		err := c.addresses.prune(c.sandboxIDs, c.kni.releaseSandbox)
		if err != nil {
			klog.Warningf("Failed to prune removed pod sandboxes, retrying in %v: %v", retry, err)
		}
		return err == nil, nil
	}, stop)
	if err != nil {
		klog.V(4).Infof("Stopped before removed pod sandboxes were pruned: %v", err)
	}
}

func (c *core) sandboxIDs() (sets.String, error) {
	sandboxes, err := c.cri.ListPodSandbox(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	ids := sets.NewString()
	for _, sandbox := range sandboxes {
		ids.Insert(sandbox.Id)
	}
	return ids, nil
}

// networkOf returns nil for a sandbox that does not exist or was not created with KNI. It uses the list of sandboxes,
// because the status of a sandbox can fail for reasons that must not block its removal.
func (c *core) networkOf(ctx context.Context, sandboxID string) (*podNetwork, error) {
	sandboxes, err := c.cri.ListPodSandbox(ctx, &podSandboxFilter{Id: sandboxID})
	if err != nil {
		return nil, err
	}
	for _, sandbox := range sandboxes {
		if sandbox.Id == sandboxID {
			return podNetworkOf(sandbox), nil
		}
	}
	return nil, nil
}
