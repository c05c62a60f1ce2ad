package kni

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// containerRuntimeStatus is the status that the container runtime reports without any CNI configuration.
func containerRuntimeStatus() *runtimeStatus {
	return &runtimeStatus{Conditions: []*runtimeCondition{
		{Type: runtimeReady, Status: true},
		{Type: networkReady, Reason: "NetworkPluginNotReady", Message: "cni plugin not initialized"},
	}}
}

func TestStatusHasTheNetworkConditionOfTheNetworkRuntime(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*rig)
		ready   bool
		reason  string
		message string
	}{
		"ready": {
			prepare: func(r *rig) {},
			ready:   true,
		},
		"not ready, with a reason": {
			prepare: func(r *rig) {
				r.kni.node = []*api.Network{{Name: "kni", Extradata: map[string]string{"reason": "NoPodCIDR", "message": "The node has no pod CIDR yet"}}}
			},
			reason:  "NoPodCIDR",
			message: "The node has no pod CIDR yet",
		},
		"not ready, without a reason": {
			prepare: func(r *rig) { r.kni.node = []*api.Network{{Name: "kni"}} },
			reason:  "KNINetworkNotReady",
			message: "KNI network kni is not ready",
		},
		"one of two not ready": {
			prepare: func(r *rig) { r.kni.node = []*api.Network{{Name: "kni", Ready: true}, {Name: "storage"}} },
			reason:  "KNINetworkNotReady",
			message: "KNI network storage is not ready",
		},
		"not ready for further pods only": {
			prepare: func(r *rig) {
				r.kni.node = []*api.Network{{Name: "kni", Extradata: map[string]string{"reason": "AddressPoolExhausted", "running_pods": "unaffected"}}}
			},
			ready: true,
		},
		"no network": {
			prepare: func(r *rig) { r.kni.node = nil },
			reason:  "KNINoNetwork",
			message: "KNI network runtime has no network on this node",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.cri.FakeStatus = containerRuntimeStatus()
			r.kni.set(func() { test.prepare(r) })
			r.expectNetworkCondition(test.ready, test.reason, test.message)
			// The answer of the container runtime must stay unmodified, because others may hold it.
			expectStrings(t, []string{r.cri.FakeStatus.Conditions[1].Reason}, "NetworkPluginNotReady")
		})
	}
}

func TestStatusWithoutAnswer(t *testing.T) {
	t.Run("down", func(t *testing.T) {
		r := newRig(t)
		r.cri.FakeStatus = containerRuntimeStatus()
		r.kni.stop()
		r.expectNetworkCondition(false, "KNIRuntimeUnavailable", "KNI network runtime is not reachable at "+r.options.endpoint)
		r.kni.start(t)
		r.eventually("the node is ready again", func() bool {
			status, err := r.Status()
			return err == nil && status.Conditions[len(status.Conditions)-1].Status
		})
	})
	t.Run("hung", func(t *testing.T) {
		r := newRig(t, func(o *options) { o.timeouts.queryNode = impatience })
		r.cri.FakeStatus = containerRuntimeStatus()
		r.kni.hang("QueryNodeNetworks")
		r.expectNetworkCondition(false, "KNIRuntimeFailed",
			"KNI network runtime at "+r.options.endpoint+" did not answer QueryNodeNetworks: DeadlineExceeded")
	})
	t.Run("failing", func(t *testing.T) {
		r := newRig(t)
		r.cri.FakeStatus = containerRuntimeStatus()
		for _, failure := range []error{status.Error(codes.Internal, "store is broken"), status.Error(codes.Internal, "something else")} {
			r.kni.fail("QueryNodeNetworks", 1, failure)
			r.expectNetworkCondition(false, "KNIRuntimeFailed",
				"KNI network runtime at "+r.options.endpoint+" did not answer QueryNodeNetworks: Internal")
		}
	})
}

func TestReadyNodeStaysReadyDuringAShortSilence(t *testing.T) {
	long := func(o *options) { o.silence = time.Hour }
	t.Run("while the runtime is silent", func(t *testing.T) {
		r := newRig(t, long)
		r.cri.FakeStatus = containerRuntimeStatus()
		r.expectNetworkCondition(true, "", "")
		r.kni.stop()
		r.expectNetworkCondition(true, "KNIRuntimeUnavailable", "KNI network runtime is not reachable at "+r.options.endpoint)
		r.kni.start(t)
	})
	t.Run("not when it says otherwise", func(t *testing.T) {
		r := newRig(t, long)
		r.cri.FakeStatus = containerRuntimeStatus()
		r.expectNetworkCondition(true, "", "")
		r.kni.set(func() { r.kni.node = nil })
		r.expectNetworkCondition(false, "KNINoNetwork", "KNI network runtime has no network on this node")
		r.kni.fail("QueryNodeNetworks", 1, status.Error(codes.Internal, "store is broken"))
		r.expectNetworkCondition(false, "KNIRuntimeFailed",
			"KNI network runtime at "+r.options.endpoint+" did not answer QueryNodeNetworks: Internal")
	})
	t.Run("not after a restart of the kubelet", func(t *testing.T) {
		r := newRig(t, long)
		r.cri.FakeStatus = containerRuntimeStatus()
		r.expectNetworkCondition(true, "", "")
		r.kni.stop()
		r.restartKubelet()
		r.expectNetworkCondition(false, "KNIRuntimeUnavailable", "KNI network runtime is not reachable at "+r.options.endpoint)
		r.kni.start(t)
	})
}

func TestStatusOfAFailingContainerRuntime(t *testing.T) {
	r := newRig(t)
	r.cri.InjectError("Status", errors.New("busy"))
	_, err := r.Status()
	expectError(t, err, "busy")
}

func TestNodeIsSetUpAtStart(t *testing.T) {
	r := newRig(t)
	r.kni.nodeJournal.waitFor(t, "SetupNodeNetwork", 1)
}

func TestNodeIsSetUpAgainWhenItIsNotReady(t *testing.T) {
	r := newRig(t, func(o *options) { o.setupInterval = time.Millisecond })
	r.kni.nodeJournal.waitFor(t, "SetupNodeNetwork", 1)
	r.cri.FakeStatus = containerRuntimeStatus()
	r.kni.set(func() { r.kni.node = nil })
	r.Status()
	r.kni.nodeJournal.waitFor(t, "SetupNodeNetwork", 2)
}

func TestNodeSetupHasAMinimumInterval(t *testing.T) {
	r := newRig(t) // with an interval of an hour
	r.kni.nodeJournal.waitFor(t, "SetupNodeNetwork", 1)
	r.cri.FakeStatus = containerRuntimeStatus()
	r.kni.set(func() { r.kni.node = nil })
	for i := 0; i < 10; i++ {
		r.Status()
	}
	setUps := 0
	for _, call := range r.kni.nodeJournal.take() {
		if call == "SetupNodeNetwork" {
			setUps++
		}
	}
	if setUps != 1 {
		t.Errorf("SetupNodeNetwork came %d times, expected once", setUps)
	}
}

func (r *rig) expectNetworkCondition(ready bool, reason, message string) {
	r.t.Helper()
	status, err := r.Status()
	if err != nil {
		r.t.Error(err)
		return
	}
	if len(status.Conditions) != 2 || status.Conditions[0].Type != runtimeReady || !status.Conditions[0].Status {
		r.t.Errorf("conditions are %v", status.Conditions)
	}
	network := status.Conditions[len(status.Conditions)-1]
	if network.Type != networkReady || network.Status != ready || network.Reason != reason || network.Message != message {
		r.t.Errorf("network condition is %v", network)
	}
}
