package kni

import (
	"testing"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

func TestStatusDoesNotModifyTheAnswerOfTheContainerRuntime(t *testing.T) {
	r := newRig(t)
	answer := &runtimeapi.PodSandboxStatus{
		Id:          "id",
		CreatedAt:   1,
		Metadata:    podConfig("web").Metadata,
		Network:     &runtimeapi.PodSandboxNetworkStatus{Ip: "192.0.2.1"},
		Annotations: map[string]string{netnsAnnotation: "/run/netns/test"},
	}
	runtime, _, err := decorate(&fixedStatus{r.cri, answer}, r.images, r.options)
	if err != nil {
		t.Fatal(err)
	}
	if status, err := runtime.PodSandboxStatus("id"); err != nil || status.Network.Ip != "" || status.CreatedAt != 1 {
		t.Errorf("status is %v, error %v", status, err)
	}
	expectStrings(t, []string{answer.Network.Ip}, "192.0.2.1")
}

type fixedStatus struct {
	*fakeContainerRuntime
	status *runtimeapi.PodSandboxStatus
}

func (f *fixedStatus) PodSandboxStatus(string) (*runtimeapi.PodSandboxStatus, error) {
	return f.status, nil
}
