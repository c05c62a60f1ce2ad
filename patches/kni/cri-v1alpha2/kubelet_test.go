package kni

import (
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
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
	return k.runtime.RunPodSandbox(config, runtimeHandler)
}

func (k kubelet) StopPodSandbox(podSandboxID string) error {
	return k.runtime.StopPodSandbox(podSandboxID)
}

func (k kubelet) RemovePodSandbox(podSandboxID string) error {
	return k.runtime.RemovePodSandbox(podSandboxID)
}

func (k kubelet) PodSandboxStatus(podSandboxID string) (*podSandboxStatus, error) {
	return k.runtime.PodSandboxStatus(podSandboxID)
}

func (k kubelet) Status() (*runtimeStatus, error) {
	return k.runtime.Status()
}

func (k kubelet) CreateContainer(podSandboxID string, sandboxConfig *podSandboxConfig) (string, error) {
	return k.runtime.CreateContainer(podSandboxID, &runtimeapi.ContainerConfig{}, sandboxConfig)
}

func (k kubelet) PullImage(sandboxConfig *podSandboxConfig) (string, error) {
	return k.images.PullImage(&runtimeapi.ImageSpec{}, nil, sandboxConfig)
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
	sandboxes, _ := f.ListPodSandbox(nil)
	return sandboxes
}

func (f *fakeContainerRuntime) runBehindOurBack(config *podSandboxConfig) string {
	id, _ := f.FakeRuntimeService.RunPodSandbox(config, "")
	return id
}

func (f *fakeContainerRuntime) removeBehindOurBack(podSandboxID string) {
	f.FakeRuntimeService.RemovePodSandbox(podSandboxID)
}

func (f *fakeContainerRuntime) RunPodSandbox(config *podSandboxConfig, runtimeHandler string) (string, error) {
	f.journal.add("CRI RunPodSandbox")
	f.Lock()
	f.lastConfig = config
	beforeRun := f.beforeRun
	f.Unlock()
	if beforeRun != nil {
		beforeRun()
	}
	return f.FakeRuntimeService.RunPodSandbox(config, runtimeHandler)
}

func (f *fakeContainerRuntime) CreateContainer(podSandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *podSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "container", nil
}

func (f *fakeContainerRuntime) StopPodSandbox(podSandboxID string) error {
	f.journal.add("CRI StopPodSandbox")
	if f.beforeStop != nil {
		f.beforeStop()
	}
	return f.FakeRuntimeService.StopPodSandbox(podSandboxID)
}

func (f *fakeContainerRuntime) RemovePodSandbox(podSandboxID string) error {
	f.journal.add("CRI RemovePodSandbox")
	return f.FakeRuntimeService.RemovePodSandbox(podSandboxID)
}

type fakeImageService struct {
	*apitest.FakeImageService
	lastConfig *podSandboxConfig
}

func newFakeImageService() *fakeImageService {
	return &fakeImageService{FakeImageService: apitest.NewFakeImageService()}
}

func (f *fakeImageService) PullImage(image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandboxConfig *podSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "image", nil
}
