package kni

import (
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

// strippingRuntimeService drops the netns annotation of a pod from every request that carries it.
type strippingRuntimeService struct {
	internalapi.RuntimeService
}

func (s *strippingRuntimeService) RunPodSandbox(config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	return s.RuntimeService.RunPodSandbox(withoutNetns(config), runtimeHandler)
}

func (s *strippingRuntimeService) CreateContainer(podSandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	return s.RuntimeService.CreateContainer(podSandboxID, config, withoutNetns(sandboxConfig))
}

type strippingImageService struct {
	internalapi.ImageManagerService
}

func (s *strippingImageService) PullImage(image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	return s.ImageManagerService.PullImage(image, auth, withoutNetns(sandboxConfig))
}
