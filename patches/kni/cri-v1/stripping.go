package kni

import (
	"context"

	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// strippingRuntimeService drops the netns annotation of a pod from every request that carries it.
type strippingRuntimeService struct {
	internalapi.RuntimeService
}

func (s *strippingRuntimeService) RunPodSandbox(ctx context.Context, config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	return s.RuntimeService.RunPodSandbox(ctx, withoutNetns(config), runtimeHandler)
}

func (s *strippingRuntimeService) CreateContainer(ctx context.Context, podSandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	return s.RuntimeService.CreateContainer(ctx, podSandboxID, config, withoutNetns(sandboxConfig))
}

type strippingImageService struct {
	internalapi.ImageManagerService
}

func (s *strippingImageService) PullImage(ctx context.Context, image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	return s.ImageManagerService.PullImage(ctx, image, auth, withoutNetns(sandboxConfig))
}
