package kni

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestSandboxStatusKeepsAllFieldsExceptTheNetwork(t *testing.T) {
	r := newRig(t)
	answer := &runtimeapi.PodSandboxStatusResponse{
		Status: &runtimeapi.PodSandboxStatus{
			Id:          "id",
			Metadata:    podConfig("web").Metadata,
			Network:     &runtimeapi.PodSandboxNetworkStatus{Ip: "192.0.2.1"},
			Annotations: map[string]string{netnsAnnotation: "/run/netns/test"},
		},
		Info:               map[string]string{"pid": "1"},
		ContainersStatuses: []*runtimeapi.ContainerStatus{{Id: "container"}},
		Timestamp:          1,
	}
	original := proto.Clone(answer)
	expected := proto.Clone(answer).(*runtimeapi.PodSandboxStatusResponse)
	expected.Status.Network = &runtimeapi.PodSandboxNetworkStatus{}

	service := r.withAnswers(&fixedAnswers{sandbox: answer})
	if response, err := service.PodSandboxStatus(context.Background(), "id", true); err != nil || !proto.Equal(response, expected) {
		t.Errorf("answer is %v, error %v", response, err)
	}
	if !proto.Equal(answer, original) {
		t.Errorf("the answer of the container runtime became %v", answer)
	}
}

// User namespaces and recursive read-only mounts depend on fields other than the conditions.
func TestStatusKeepsAllFieldsExceptTheNetworkCondition(t *testing.T) {
	r := newRig(t)
	answer := &runtimeapi.StatusResponse{
		Status:          containerRuntimeStatus(),
		Info:            map[string]string{"config": "{}"},
		RuntimeHandlers: []*runtimeapi.RuntimeHandler{{Name: "runc", Features: &runtimeapi.RuntimeHandlerFeatures{UserNamespaces: true}}},
		Features:        &runtimeapi.RuntimeFeatures{SupplementalGroupsPolicy: true},
	}
	original := proto.Clone(answer)
	expected := proto.Clone(answer).(*runtimeapi.StatusResponse)
	expected.Status.Conditions[1] = &runtimeapi.RuntimeCondition{Type: runtimeapi.NetworkReady, Status: true}

	service := r.withAnswers(&fixedAnswers{status: answer})
	if response, err := service.Status(context.Background(), true); err != nil || !proto.Equal(response, expected) {
		t.Errorf("answer is %v, error %v", response, err)
	}
	if !proto.Equal(answer, original) {
		t.Errorf("the answer of the container runtime became %v", answer)
	}
}

func TestAnswersWithoutStatusReachTheKubelet(t *testing.T) {
	r := newRig(t)
	service := r.withAnswers(&fixedAnswers{sandbox: &runtimeapi.PodSandboxStatusResponse{}, status: &runtimeapi.StatusResponse{}})
	if response, err := service.PodSandboxStatus(context.Background(), "id", false); err != nil || response.Status != nil {
		t.Errorf("answer is %v, error %v", response, err)
	}
	if response, err := service.Status(context.Background(), false); err != nil || response.Status != nil {
		t.Errorf("answer is %v, error %v", response, err)
	}
}

// The kubelet cancels the context of a start when the pod is deleted.
func TestCancelledStartIsUndone(t *testing.T) {
	r := newRig(t)
	ctx, cancel := context.WithCancel(context.Background())
	r.kni.set(func() { r.kni.hooks["AttachInterface"] = cancel })
	r.kni.fail("AttachInterface", 1, errFull)
	_, err := r.runtime.RunPodSandbox(ctx, podConfig("web"), "")
	expectError(t, err, "rpc error: code = ResourceExhausted desc = KNI AttachInterface failed: no address left")
	r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "KNI AttachInterface",
		"CRI StopPodSandbox", "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox")
	r.expectNothingLeft()
}

func TestContextsReachTheContainerRuntime(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "value")
	for name, change := range map[string]func(*options){"KNI on": func(*options) {}, "KNI off": withoutKNI} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, change)
			seen := map[string]bool{}
			service := r.withAnswers(&fixedAnswers{
				sandbox: &runtimeapi.PodSandboxStatusResponse{},
				status:  &runtimeapi.StatusResponse{},
				called:  func(ctx context.Context, call string) { seen[call] = ctx.Value(key{}) == "value" },
			})
			service.RunPodSandbox(ctx, podConfig("web"), "")
			service.PodSandboxStatus(ctx, "id", true)
			service.Status(ctx, true)
			service.StopPodSandbox(ctx, "id")
			service.RemovePodSandbox(ctx, "id")
			for _, call := range []string{"RunPodSandbox", "PodSandboxStatus, verbose", "Status, verbose", "StopPodSandbox", "RemovePodSandbox"} {
				if !seen[call] {
					t.Errorf("%s went without the context: %v", call, seen)
				}
			}
		})
	}
}

// Container events report sandboxes without addresses.
func TestContainerEventsAreRefused(t *testing.T) {
	err := newRig(t).runtime.GetContainerEvents(context.Background(), nil, nil)
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("error is %v", err)
	}
	if err := newRig(t, withoutKNI).runtime.GetContainerEvents(context.Background(), nil, nil); err != nil {
		t.Errorf("without KNI: %v", err)
	}
}

// withAnswers decorates a container runtime that returns these answers.
func (r *rig) withAnswers(answers *fixedAnswers) internalapi.RuntimeService {
	r.t.Helper()
	answers.fakeContainerRuntime = r.cri
	service, _, err := decorate(answers, r.images, r.options)
	if err != nil {
		r.t.Fatal(err)
	}
	return service
}

// fixedAnswers returns fixed answers and records its calls.
type fixedAnswers struct {
	*fakeContainerRuntime
	sandbox *runtimeapi.PodSandboxStatusResponse
	status  *runtimeapi.StatusResponse
	called  func(ctx context.Context, call string)
}

func (f *fixedAnswers) tell(ctx context.Context, call string, verbose bool) {
	if verbose {
		call += ", verbose"
	}
	if f.called != nil {
		f.called(ctx, call)
	}
}

func (f *fixedAnswers) PodSandboxStatus(ctx context.Context, _ string, verbose bool) (*runtimeapi.PodSandboxStatusResponse, error) {
	f.tell(ctx, "PodSandboxStatus", verbose)
	return f.sandbox, nil
}

func (f *fixedAnswers) Status(ctx context.Context, verbose bool) (*runtimeapi.StatusResponse, error) {
	f.tell(ctx, "Status", verbose)
	return f.status, nil
}

func (f *fixedAnswers) RunPodSandbox(ctx context.Context, config *podSandboxConfig, runtimeHandler string) (string, error) {
	f.tell(ctx, "RunPodSandbox", false)
	return f.fakeContainerRuntime.RunPodSandbox(ctx, config, runtimeHandler)
}

func (f *fixedAnswers) StopPodSandbox(ctx context.Context, podSandboxID string) error {
	f.tell(ctx, "StopPodSandbox", false)
	return f.fakeContainerRuntime.StopPodSandbox(ctx, podSandboxID)
}

func (f *fixedAnswers) RemovePodSandbox(ctx context.Context, podSandboxID string) error {
	f.tell(ctx, "RemovePodSandbox", false)
	return f.fakeContainerRuntime.RemovePodSandbox(ctx, podSandboxID)
}
