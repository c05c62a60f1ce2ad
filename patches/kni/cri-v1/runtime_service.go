package kni

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// runtimeService delegates everything about networks to the core. Messages of this generation must not be copied as
// structs.
type runtimeService struct {
	internalapi.RuntimeService
	core *core
}

func (s *runtimeService) RunPodSandbox(ctx context.Context, config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	return s.core.runPodSandbox(ctx, config, runtimeHandler)
}

func (s *runtimeService) StopPodSandbox(ctx context.Context, podSandboxID string) error {
	return s.core.stopPodSandbox(ctx, podSandboxID)
}

func (s *runtimeService) RemovePodSandbox(ctx context.Context, podSandboxID string) error {
	return s.core.removePodSandbox(ctx, podSandboxID)
}

// PodSandboxStatus keeps all other fields of the answer.
func (s *runtimeService) PodSandboxStatus(ctx context.Context, podSandboxID string, verbose bool) (*runtimeapi.PodSandboxStatusResponse, error) {
	response, err := s.RuntimeService.PodSandboxStatus(ctx, podSandboxID, verbose)
	if err != nil {
		return nil, err
	}
	network, err := s.core.networkStatus(response.GetStatus())
	if err != nil {
		return nil, err
	}
	if network == nil {
		return response, nil
	}
	withNetwork := proto.Clone(response).(*runtimeapi.PodSandboxStatusResponse)
	withNetwork.Status.Network = network
	return withNetwork, nil
}

// Status keeps features and runtime handlers, on which user namespaces and read-only mounts depend.
func (s *runtimeService) Status(ctx context.Context, verbose bool) (*runtimeapi.StatusResponse, error) {
	response, err := s.RuntimeService.Status(ctx, verbose)
	// The kubelet itself treats an answer without a status as an error.
	if err != nil || response.GetStatus() == nil {
		return response, err
	}
	withNetwork := proto.Clone(response).(*runtimeapi.StatusResponse)
	withNetwork.Status.Conditions = s.core.conditions(withNetwork.Status.Conditions)
	return withNetwork, nil
}

// GetContainerEvents refuses container events. They contain the container runtime's status of the sandbox, which has no
// addresses, so the kubelet would kill the pod. After the refusal the kubelet polls, as with a runtime without events.
func (s *runtimeService) GetContainerEvents(context.Context, chan *runtimeapi.ContainerEventResponse, func(runtimeapi.RuntimeService_GetContainerEventsClient)) error {
	return status.Error(codes.Unimplemented, "container events do not have the addresses of KNI")
}

func containerRuntimeOf(service internalapi.RuntimeService) containerRuntime {
	return service
}

func withoutCancel(ctx context.Context) context.Context {
	return context.WithoutCancel(ctx)
}

func copyOfConfig(config *podSandboxConfig) *podSandboxConfig {
	return proto.Clone(config).(*podSandboxConfig)
}
