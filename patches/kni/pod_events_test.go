package kni

import (
	"fmt"
	"sync"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/record"
)

// fakeRecorder records the events as text.
type fakeRecorder struct {
	record.EventRecorder
	mutex  sync.Mutex
	events []string
}

func (f *fakeRecorder) Eventf(object runtime.Object, eventType, reason, format string, args ...interface{}) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	pod := object.(*v1.ObjectReference)
	f.events = append(f.events, fmt.Sprintf("%s %s/%s (%s): %s %s: %s", pod.Kind, pod.Namespace, pod.Name, pod.UID, eventType, reason, fmt.Sprintf(format, args...)))
}

func (f *fakeRecorder) all() []string {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return append([]string{}, f.events...)
}

const reportOfWeb = "Pod default/web (uid-of-web): Warning NetworkCleanupPending: The pod's network is not cleaned up yet, retrying in the background: "

func TestEachCauseIsReportedOncePerPod(t *testing.T) {
	r := newRig(t)
	r.kni.fail("AttachInterface", always, errFull)
	r.kni.fail("DetachInterface", always, errPlugin)
	config := podConfig("web")
	for i := 0; i < 10; i++ {
		r.syncPod(config)
	}
	for _, sandbox := range r.cri.sandboxes() {
		r.RemovePodSandbox(sandbox.Id)
	}
	const detachFailed = reportOfWeb + "rpc error: code = Internal desc = KNI DetachInterface failed: plugin failed"
	expectStrings(t, r.events.all(), detachFailed)

	r.kni.set(func() { r.kni.failures["DetachInterface"] = nil })
	r.kni.fail("DeleteNetwork", always, errPlugin)
	r.eventually("the new cause is reported", func() bool { return len(r.events.all()) > 1 })
	expectStrings(t, r.events.all(), detachFailed, reportOfWeb+"rpc error: code = Internal desc = KNI DeleteNetwork failed: plugin failed")

	r.kni.heal()
	r.expectNothingLeft()
	r.kni.fail("DetachInterface", 1, errPlugin)
	r.StopPodSandbox(r.mustRun(podConfig("other")))
	if events := r.events.all(); len(events) != 3 {
		t.Errorf("events are %q, expected one more for the other pod", events)
	}
}

func TestSuccessfulCleanupEmitsNoEvent(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.StopPodSandbox(id)
	r.RemovePodSandbox(id)
	r.kni.fail("AttachInterface", 1, errFull)
	r.RunPodSandbox(podConfig("web"), "")
	expectStrings(t, r.events.all())
}

// Current kubelets set the recorder after they create the CRI clients, and before any call.
func TestInterruptedStartIsReportedAfterTheFirstCall(t *testing.T) {
	var mutex sync.Mutex
	isRunning := true
	run := func(running bool) {
		mutex.Lock()
		defer mutex.Unlock()
		isRunning = running
	}
	r := newRig(t)
	r.options.recorder = func() record.EventRecorder {
		mutex.Lock()
		defer mutex.Unlock()
		if !isRunning {
			t.Error("the recorder is not set yet")
		}
		return r.events
	}
	run(false)
	r.killWhileTheSandboxIsMade(podConfig("web"))
	r.expectNothingLeft()
	expectStrings(t, r.events.all())

	run(true)
	r.cri.FakeStatus = containerRuntimeStatus()
	r.Status()
	expectStrings(t, r.events.all(), reportOfWeb+"the kubelet stopped before it created the sandbox")
}

func TestKubeletWithoutARecorder(t *testing.T) {
	r := newRig(t, func(o *options) { o.recorder = func() record.EventRecorder { return nil } })
	id := r.mustRun(podConfig("web"))
	r.kni.fail("DetachInterface", 1, errPlugin)
	r.StopPodSandbox(id)
	r.eventually("the sandbox is removed", func() bool { return r.RemovePodSandbox(id) == nil })
	r.expectNothingLeft()
}

func TestReportedEventsAreLimited(t *testing.T) {
	recorder := &fakeRecorder{}
	events := newPodEvents(func() record.EventRecorder { return recorder })
	events.kubeletRuns()
	for i := 0; i < 3*maxReported; i++ {
		events.report(&podNetwork{uid: fmt.Sprint(i)}, errInterrupted)
	}
	if len(events.reported) != maxReported || len(events.order) != maxReported || len(events.causes) != maxReported {
		t.Errorf("%d causes of %d pods are kept, expected %d", len(events.reported), len(events.causes), maxReported)
	}
	if count := len(recorder.all()); count != 3*maxReported {
		t.Errorf("%d events, expected %d", count, 3*maxReported)
	}
}

func TestEventsPerPodAreLimited(t *testing.T) {
	recorder := &fakeRecorder{}
	events := newPodEvents(func() record.EventRecorder { return recorder })
	events.kubeletRuns()
	for i := 0; i < 2*maxCauses; i++ {
		events.report(&podNetwork{uid: "varied"}, fmt.Errorf("failed to delete veth%d", i))
		events.report(&podNetwork{uid: "other"}, errPlugin)
	}
	if count := len(recorder.all()); count != maxCauses+1 {
		t.Errorf("%d events, expected %d of one pod and one of the other", count, maxCauses)
	}
}
