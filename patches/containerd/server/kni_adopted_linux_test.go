package server

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/containerd/go-cni"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestStopAndRemoveKeepAnAdoptedNetNS(t *testing.T) {
	for desc, adopted := range map[string]bool{"adopted": true, "created by containerd": false} {
		t.Run(desc, func(t *testing.T) {
			path := mountNewNetNS(t, t.TempDir())
			plugin := &kniCountingPlugin{}
			c := newCRIServiceForRemoval(t)
			c.netPlugin = map[string]cni.CNI{defaultNetworkPlugin: plugin}
			sandbox := newStoppedSandbox(path, adopted)
			require.NoError(t, c.sandboxStore.Add(sandbox))

			ip, additional, err := c.getIPs(sandbox)
			require.NoError(t, err)
			assert.Empty(t, ip)
			assert.Empty(t, additional)

			_, err = c.StopPodSandbox(context.Background(), &runtime.StopPodSandboxRequest{PodSandboxId: sandbox.ID})
			require.NoError(t, err)
			_, err = c.RemovePodSandbox(context.Background(), &runtime.RemovePodSandboxRequest{PodSandboxId: sandbox.ID})
			require.NoError(t, err)

			_, err = c.sandboxStore.Get(sandbox.ID)
			assert.Error(t, err, "the sandbox must be removed")
			if adopted {
				assert.NoError(t, checkForeignNetNS(path), "the namespace must still be mounted")
				assert.Zero(t, plugin.removals)
			} else {
				assert.NoFileExists(t, path)
				assert.NotZero(t, plugin.removals)
			}
		})
	}
}

func TestStatusKeepsTheFileOfAnUnmountedAdoptedNetNS(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unmounted")
	require.NoError(t, os.WriteFile(path, nil, 0600))

	_, _, err := newTestCRIService().getIPs(newStoppedSandbox(path, true))
	require.NoError(t, err)
	assert.FileExists(t, path)
}

type kniCountingPlugin struct {
	cni.CNI
	removals int
}

func (p *kniCountingPlugin) Remove(ctx context.Context, id, path string, opts ...cni.NamespaceOpts) error {
	p.removals++
	return nil
}
