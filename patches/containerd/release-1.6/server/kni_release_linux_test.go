package server

import (
	"context"
	"testing"

	"github.com/containerd/containerd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	sandboxstore "github.com/containerd/containerd/pkg/cri/store/sandbox"
	"github.com/containerd/containerd/pkg/netns"
)

// mountNewNetNS mounts a new network namespace below dir.
func mountNewNetNS(t *testing.T, dir string) string {
	skipUnlessMountsWork(t)
	ns, err := netns.NewNetNS(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ns.Remove()) })
	return ns.GetPath()
}

// newCRIServiceForRemoval returns a service that can stop and remove the sandboxes of newStoppedSandbox.
func newCRIServiceForRemoval(*testing.T) *criService {
	return newTestCRIService()
}

// newStoppedSandbox returns a sandbox as containerd loads it after a restart.
func newStoppedSandbox(netNSPath string, adopted bool) sandboxstore.Sandbox {
	sandbox := sandboxstore.NewSandbox(sandboxstore.Metadata{
		ID:           "test-id",
		Name:         "test-name",
		Config:       &runtime.PodSandboxConfig{},
		NetNSPath:    netNSPath,
		NetNSAdopted: adopted,
	}, sandboxstore.Status{State: sandboxstore.StateNotReady})
	sandbox.Container = &kniFakeContainer{}
	sandbox.NetNS = netns.LoadNetNS(netNSPath)
	return sandbox
}

type kniFakeContainer struct {
	containerd.Container
}

func (*kniFakeContainer) Delete(context.Context, ...containerd.DeleteOpts) error {
	return nil
}
