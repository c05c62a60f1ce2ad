package kni

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

var errPlugin = status.Error(codes.Internal, "plugin failed")

func TestStopAndRemovePodSandbox(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	if err := r.StopPodSandbox(id); err != nil {
		t.Fatal(err)
	}
	r.journal.expect(t, "CRI StopPodSandbox", "KNI DetachInterface", "KNI DeleteNetwork")
	if err := r.RemovePodSandbox(id); err != nil {
		t.Fatal(err)
	}
	r.journal.expect(t, "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox")
	r.expectNothingLeft()
}

// After a restart of the kubelet the pod may no longer exist, and only the sandbox is known.
func TestStopNeedsOnlyTheSandbox(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.restartKubelet()
	if err := r.StopPodSandbox(id); err != nil {
		t.Fatal(err)
	}
	const netnsPath = "/run/netns/kni-uid-of-web-1"
	detach := r.kni.lastRequest("DetachInterface").(*api.DetachInterfaceRequest)
	expectStrings(t, []string{detach.Id, detach.Name, detach.Namespace, detach.Isolation.Path, detach.Labels["app"], detach.Annotations["note"],
		detach.Extradata["uid"], detach.Extradata["attempt"]}, id, "web", "default", netnsPath, "web", "kept", "uid-of-web", "0")
	if _, found := detach.Annotations[netnsAnnotation]; found {
		t.Error("detach has other annotations than attach had")
	}
	remove := r.kni.lastRequest("DeleteNetwork").(*api.DeleteNetworkRequest)
	expectStrings(t, []string{remove.Id, remove.Name, remove.Namespace, remove.NetnsPath, remove.Extradata["uid"], remove.Extradata["attempt"]},
		id, "web", "default", netnsPath, "uid-of-web", "0")
}

func TestStopStopsTheSandboxDespiteNetworkErrors(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*rig)
		err     string
		recover func(*rig)
	}{
		"detach fails": {
			prepare: func(r *rig) { r.kni.fail("DetachInterface", 3, errPlugin) },
			err:     "rpc error: code = Internal desc = KNI DetachInterface failed: plugin failed",
			recover: func(r *rig) {},
		},
		"delete fails": {
			prepare: func(r *rig) { r.kni.fail("DeleteNetwork", 3, errPlugin) },
			err:     "rpc error: code = Internal desc = KNI DeleteNetwork failed: plugin failed",
			recover: func(r *rig) {},
		},
		"detach hangs": {
			prepare: func(r *rig) { r.kni.hang("DetachInterface") },
			recover: func(r *rig) { r.kni.heal() },
		},
		"the runtime is down": {
			prepare: func(r *rig) { r.kni.stop() },
			recover: func(r *rig) { r.kni.start(r.t) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *options) { o.timeouts.release = impatience })
			id := r.mustRun(podConfig("web"))
			test.prepare(r)
			err := r.StopPodSandbox(id)
			if test.err != "" {
				expectError(t, err, test.err)
			} else if err != nil {
				t.Errorf("the pod cannot be deleted: %v", err)
			}
			sandbox, err := r.PodSandboxStatus(id)
			if err != nil || sandbox.State.String() != "SANDBOX_NOTREADY" {
				t.Errorf("sandbox is %v, error %v", sandbox, err)
			}
			test.recover(r)
			r.eventually("the network is released in the background", func() bool { return r.kni.leftover() == 0 })
			r.eventually("the sandbox is removed", func() bool { return r.RemovePodSandbox(id) == nil })
			r.expectNothingLeft()
		})
	}
}

func TestStopFailsWithTheContainerRuntime(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.cri.InjectError("StopPodSandbox", errors.New("shim hangs"))
	expectError(t, r.StopPodSandbox(id), "shim hangs")
	// Its processes may still be in the netns.
	r.journal.expect(t, "CRI StopPodSandbox")
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	r.journal.expect(t, "CRI StopPodSandbox", "KNI DetachInterface", "KNI DeleteNetwork")
}

func TestStopWithoutListStillStops(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.cri.InjectError("ListPodSandbox", errors.New("busy"))
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	r.journal.expect(t, "CRI StopPodSandbox")
	r.cri.InjectError("ListPodSandbox", errors.New("busy"))
	expectError(t, r.RemovePodSandbox(id), "busy")
	if err := r.RemovePodSandbox(id); err != nil {
		t.Error(err)
	}
	r.expectNothingLeft()
}

// A pending release in the background must not delay a retry of the kubelet.
func TestRetriedCallsReleaseAgain(t *testing.T) {
	for name, call := range map[string]func(*rig, string) error{
		"stop":   func(r *rig, id string) error { return r.StopPodSandbox(id) },
		"remove": func(r *rig, id string) error { return r.RemovePodSandbox(id) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, withoutBackground)
			id := r.mustRun(podConfig("web"))
			r.kni.fail("DetachInterface", 3, errPlugin)
			for i := 1; i <= 3; i++ {
				if call(r, id) == nil {
					t.Errorf("call %d does not fail", i)
				}
				if count := r.kni.count("DetachInterface"); count != i {
					t.Errorf("DetachInterface came %d times after %d calls", count, i)
				}
			}
			if err := call(r, id); err != nil {
				t.Error(err)
			}
			r.RemovePodSandbox(id)
			r.expectNothingLeft()
		})
	}
}

func TestRestartedKubeletReleasesAgain(t *testing.T) {
	r := newRig(t, withoutBackground)
	id := r.mustRun(podConfig("web"))
	r.kni.fail("DetachInterface", 2, errPlugin)
	for i := 0; i < 2; i++ {
		expectError(t, r.StopPodSandbox(id), "rpc error: code = Internal desc = KNI DetachInterface failed: plugin failed")
		r.restartKubelet()
	}
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	if err := r.RemovePodSandbox(id); err != nil {
		t.Error(err)
	}
	r.expectNothingLeft()
}

func TestUnknownNetworkCountsAsReleased(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	for _, method := range []string{"DetachInterface", "DeleteNetwork"} {
		r.kni.fail(method, always, status.Error(codes.NotFound, "no such sandbox"))
	}
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	if err := r.RemovePodSandbox(id); err != nil {
		t.Errorf("the pod would be Terminating forever: %v", err)
	}
}

// The kubelet removes sandboxes one after the other, so one with plugins that hang must not block the others.
func TestCallsDoNotWaitTwiceForARuntimeThatHangs(t *testing.T) {
	r := newRig(t, func(o *options) { o.timeouts.release = impatience })
	id := r.mustRun(podConfig("web"))
	r.kni.hang("DetachInterface")
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	const hung = "rpc error: code = DeadlineExceeded desc = KNI network runtime did not answer DetachInterface within 50ms"
	expectError(t, r.RemovePodSandbox(id), "the network is being released in the background: "+hung)
	r.kni.heal()
	r.eventually("the sandbox is removed without another call", func() bool { return len(r.cri.sandboxes()) == 0 })
	r.expectNothingLeft()
}

// The kubelet reads the last status of a pod while its sandbox is being stopped.
func TestPodKeepsItsAddressWhileItIsStopped(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	asked := false
	r.cri.beforeStop = func() {
		asked = true
		r.expectIPs(id, "10.244.1.2")
	}
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	if !asked {
		t.Error("the sandbox was not stopped")
	}
	r.RemovePodSandbox(id)
	r.expectNothingLeft()
}

func TestSandboxesWithoutKNI(t *testing.T) {
	t.Run("missing", func(t *testing.T) {
		r := newRig(t)
		expectError(t, r.StopPodSandbox("missing"), "pod sandbox missing not found")
		if err := r.RemovePodSandbox("missing"); err != nil {
			t.Error(err)
		}
		r.journal.expect(t, "CRI StopPodSandbox", "CRI RemovePodSandbox")
	})
	t.Run("made without KNI", func(t *testing.T) {
		r := newRig(t)
		config := podConfig("old")
		config.Annotations = nil
		id := r.cri.runBehindOurBack(config)
		r.expectIPs(id, "192.168.192.168")
		r.StopPodSandbox(id)
		r.RemovePodSandbox(id)
		r.journal.expect(t, "CRI StopPodSandbox", "CRI RemovePodSandbox")
	})
}
