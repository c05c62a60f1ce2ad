package kni

import (
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

// netnsAnnotation tells the container runtime which netns the sandbox is to use. It must never come from the pod: who
// may create a pod could enter any netns of the node with it, the host's included.
const netnsAnnotation = "kni.dev/netns"

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

// withoutNetns leaves config alone, because its annotations are the very map of the cached Pod.
func withoutNetns(config *runtimeapi.PodSandboxConfig) *runtimeapi.PodSandboxConfig {
	if _, found := config.GetAnnotations()[netnsAnnotation]; !found {
		return config
	}
	stripped := *config
	stripped.Annotations = annotationsWithoutNetns(config.Annotations)
	return &stripped
}

// withNetns is a copy of config for the same reason.
func withNetns(config *runtimeapi.PodSandboxConfig, netnsPath string) *runtimeapi.PodSandboxConfig {
	annotated := *config
	annotated.Annotations = annotationsWithoutNetns(config.Annotations)
	annotated.Annotations[netnsAnnotation] = netnsPath
	return &annotated
}

func annotationsWithoutNetns(annotations map[string]string) map[string]string {
	stripped := make(map[string]string, len(annotations)+1)
	for key, value := range annotations {
		if key != netnsAnnotation {
			stripped[key] = value
		}
	}
	return stripped
}
