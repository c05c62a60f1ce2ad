package kni

import (
	"context"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

// runtimeService delegates everything about networks to the core. This generation has no contexts, so no call is
// cancelled.
type runtimeService struct {
	internalapi.RuntimeService
	core *core
}

func (s *runtimeService) RunPodSandbox(config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	return s.core.runPodSandbox(context.Background(), config, runtimeHandler)
}

func (s *runtimeService) StopPodSandbox(podSandboxID string) error {
	return s.core.stopPodSandbox(context.Background(), podSandboxID)
}

func (s *runtimeService) RemovePodSandbox(podSandboxID string) error {
	return s.core.removePodSandbox(context.Background(), podSandboxID)
}

func (s *runtimeService) PodSandboxStatus(podSandboxID string) (*runtimeapi.PodSandboxStatus, error) {
	sandbox, err := s.RuntimeService.PodSandboxStatus(podSandboxID)
	if err != nil {
		return nil, err
	}
	network, err := s.core.networkStatus(sandbox)
	if err != nil {
		return nil, err
	}
	if network == nil {
		return sandbox, nil
	}
	withNetwork := *sandbox
	withNetwork.Network = network
	return &withNetwork, nil
}

func (s *runtimeService) Status() (*runtimeapi.RuntimeStatus, error) {
	status, err := s.RuntimeService.Status()
	if err != nil {
		return nil, err
	}
	return &runtimeapi.RuntimeStatus{Conditions: s.core.conditions(status.GetConditions())}, nil
}

func containerRuntimeOf(service internalapi.RuntimeService) containerRuntime {
	return contextless{service}
}

// contextless drops the contexts of the core.
type contextless struct {
	service internalapi.RuntimeService
}

func (c contextless) RunPodSandbox(_ context.Context, config *podSandboxConfig, runtimeHandler string) (string, error) {
	return c.service.RunPodSandbox(config, runtimeHandler)
}

func (c contextless) StopPodSandbox(_ context.Context, podSandboxID string) error {
	return c.service.StopPodSandbox(podSandboxID)
}

func (c contextless) RemovePodSandbox(_ context.Context, podSandboxID string) error {
	return c.service.RemovePodSandbox(podSandboxID)
}

func (c contextless) ListPodSandbox(_ context.Context, filter *podSandboxFilter) ([]*podSandbox, error) {
	return c.service.ListPodSandbox(filter)
}

func withoutCancel(ctx context.Context) context.Context {
	return ctx
}

func copyOfConfig(config *podSandboxConfig) *podSandboxConfig {
	copied := *config
	return &copied
}
