package kni

import (
	"context"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	apitest "k8s.io/cri-api/pkg/apis/testing"
)

// These are further CRI messages that the tests use.
type (
	linuxConfig     = runtimeapi.LinuxPodSandboxConfig
	namespaceOption = runtimeapi.NamespaceOption
	runtimeStatus   = runtimeapi.RuntimeStatus
	securityContext = runtimeapi.LinuxSandboxSecurityContext
)

const (
	protocolTCP  = runtimeapi.Protocol_TCP
	protocolUDP  = runtimeapi.Protocol_UDP
	runtimeReady = runtimeapi.RuntimeReady
)

// kubelet makes the calls of a kubelet of this generation.
type kubelet struct {
	runtime internalapi.RuntimeService
	images  internalapi.ImageManagerService
}

func (k kubelet) RunPodSandbox(config *podSandboxConfig, runtimeHandler string) (string, error) {
	return k.runtime.RunPodSandbox(context.Background(), config, runtimeHandler)
}

func (k kubelet) StopPodSandbox(podSandboxID string) error {
	return k.runtime.StopPodSandbox(context.Background(), podSandboxID)
}

func (k kubelet) RemovePodSandbox(podSandboxID string) error {
	return k.runtime.RemovePodSandbox(context.Background(), podSandboxID)
}

func (k kubelet) PodSandboxStatus(podSandboxID string) (*podSandboxStatus, error) {
	response, err := k.runtime.PodSandboxStatus(context.Background(), podSandboxID, false)
	return response.GetStatus(), err
}

func (k kubelet) Status() (*runtimeStatus, error) {
	response, err := k.runtime.Status(context.Background(), false)
	return response.GetStatus(), err
}

func (k kubelet) CreateContainer(podSandboxID string, sandboxConfig *podSandboxConfig) (string, error) {
	return k.runtime.CreateContainer(context.Background(), podSandboxID, &runtimeapi.ContainerConfig{}, sandboxConfig)
}

func (k kubelet) PullImage(sandboxConfig *podSandboxConfig) (string, error) {
	return k.images.PullImage(context.Background(), &runtimeapi.ImageSpec{}, nil, sandboxConfig)
}

// fakeContainerRuntime records calls that change sandboxes in the journal, and keeps the configurations that it gets.
type fakeContainerRuntime struct {
	*apitest.FakeRuntimeService
	journal    *journal
	lastConfig *podSandboxConfig
	// beforeRun is called before a sandbox is created.
	beforeRun func()
	// beforeStop is called before a sandbox is stopped.
	beforeStop func()
}

func newFakeContainerRuntime(journal *journal) *fakeContainerRuntime {
	return &fakeContainerRuntime{FakeRuntimeService: apitest.NewFakeRuntimeService(), journal: journal}
}

func (f *fakeContainerRuntime) sandboxes() []*podSandbox {
	sandboxes, _ := f.ListPodSandbox(context.Background(), nil)
	return sandboxes
}

func (f *fakeContainerRuntime) runBehindOurBack(config *podSandboxConfig) string {
	id, _ := f.FakeRuntimeService.RunPodSandbox(context.Background(), config, "")
	return id
}

func (f *fakeContainerRuntime) removeBehindOurBack(podSandboxID string) {
	f.FakeRuntimeService.RemovePodSandbox(context.Background(), podSandboxID)
}

func (f *fakeContainerRuntime) RunPodSandbox(ctx context.Context, config *podSandboxConfig, runtimeHandler string) (string, error) {
	f.journal.add("CRI RunPodSandbox")
	f.Lock()
	f.lastConfig = config
	beforeRun := f.beforeRun
	f.Unlock()
	if beforeRun != nil {
		beforeRun()
	}
	return f.FakeRuntimeService.RunPodSandbox(ctx, config, runtimeHandler)
}

func (f *fakeContainerRuntime) CreateContainer(ctx context.Context, podSandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *podSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "container", nil
}

func (f *fakeContainerRuntime) StopPodSandbox(ctx context.Context, podSandboxID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.journal.add("CRI StopPodSandbox")
	if f.beforeStop != nil {
		f.beforeStop()
	}
	return f.FakeRuntimeService.StopPodSandbox(ctx, podSandboxID)
}

func (f *fakeContainerRuntime) RemovePodSandbox(ctx context.Context, podSandboxID string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.journal.add("CRI RemovePodSandbox")
	return f.FakeRuntimeService.RemovePodSandbox(ctx, podSandboxID)
}

type fakeImageService struct {
	*apitest.FakeImageService
	lastConfig *podSandboxConfig
}

func newFakeImageService() *fakeImageService {
	return &fakeImageService{FakeImageService: apitest.NewFakeImageService()}
}

func (f *fakeImageService) PullImage(ctx context.Context, image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandboxConfig *podSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "image", nil
}
