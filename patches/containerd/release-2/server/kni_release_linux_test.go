package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	containerd "github.com/containerd/containerd/v2/client"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/core/sandbox"
	sandboxstore "github.com/containerd/containerd/v2/internal/cri/store/sandbox"
	"github.com/containerd/containerd/v2/internal/eventq"
	"github.com/containerd/containerd/v2/pkg/netns"
)

func TestNetNSToAdoptRefusesAUserNamespace(t *testing.T) {
	dir := t.TempDir()
	config := &runtime.PodSandboxConfig{
		Annotations: map[string]string{netNSAnnotation: mountNewNetNS(t, dir)},
		Linux: &runtime.LinuxPodSandboxConfig{SecurityContext: &runtime.LinuxSandboxSecurityContext{
			NamespaceOptions: &runtime.NamespaceOption{UsernsOptions: &runtime.UserNamespace{Mode: runtime.NamespaceMode_POD}},
		}},
	}
	c := newTestCRIService()
	path, err := c.netNSToAdopt(config)
	assert.Empty(t, path)
	assert.NoError(t, err, "the option is off")

	c.config.KNINetNSDir = dir
	_, err = c.netNSToAdopt(config)
	assert.Equal(t, errAdoptInUserNS, err)
}

// mountNewNetNS mounts a new network namespace below dir.
func mountNewNetNS(t *testing.T, dir string) string {
	skipUnlessMountsWork(t)
	ns, err := netns.NewNetNS(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, ns.Remove()) })
	return ns.GetPath()
}

// newCRIServiceForRemoval returns a service that can stop and remove the sandboxes of newStoppedSandbox.
func newCRIServiceForRemoval(t *testing.T) *criService {
	client, err := containerd.New("", containerd.WithServices(
		containerd.WithLeasesService(kniFakeLeases{}), containerd.WithSandboxStore(kniFakeSandboxStore{})))
	require.NoError(t, err)
	c := newTestCRIService()
	c.client = client
	c.sandboxService = &kniFakeSandboxService{}
	c.containerEventsQ = eventq.New(time.Minute, func(*runtime.ContainerEventResponse) {})
	t.Cleanup(c.containerEventsQ.Shutdown)
	return c
}

// newStoppedSandbox returns a sandbox as containerd loads it after a restart.
func newStoppedSandbox(netNSPath string, adopted bool) sandboxstore.Sandbox {
	box := sandboxstore.NewSandbox(sandboxstore.Metadata{
		ID:           "test-id",
		Name:         "test-name",
		Config:       &runtime.PodSandboxConfig{},
		NetNSPath:    netNSPath,
		NetNSAdopted: adopted,
	}, sandboxstore.Status{State: sandboxstore.StateNotReady})
	box.NetNS = netns.LoadNetNS(netNSPath)
	return box
}

type kniFakeLeases struct {
	leases.Manager
}

func (kniFakeLeases) Delete(context.Context, leases.Lease, ...leases.DeleteOpt) error {
	return nil
}

type kniFakeSandboxStore struct {
	sandbox.Store
}

func (kniFakeSandboxStore) Delete(context.Context, string) error {
	return nil
}

// kniFakeSandboxService adds the one call of a removal that containerd's own fake does not answer.
type kniFakeSandboxService struct {
	fakeSandboxService
}

func (*kniFakeSandboxService) ShutdownSandbox(context.Context, string, string) error {
	return nil
}
