package kni

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestRunPodSandboxUndoesEarlierSteps(t *testing.T) {
	undoneSandbox := []string{"KNI CreateNetwork", "CRI RunPodSandbox", "KNI AttachInterface", "CRI StopPodSandbox", "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox"}
	for name, test := range map[string]struct {
		prepare func(*rig)
		err     string
		calls   []string
	}{
		"create fails": {
			prepare: func(r *rig) { r.kni.fail("CreateNetwork", 1, errFull) },
			err:     "rpc error: code = ResourceExhausted desc = KNI CreateNetwork failed: no address left",
			calls:   []string{"KNI CreateNetwork"},
		},
		"run fails": {
			prepare: func(r *rig) { r.cri.InjectError("RunPodSandbox", errors.New("no image")) },
			err:     "no image",
			calls:   []string{"KNI CreateNetwork", "CRI RunPodSandbox", "KNI DeleteNetwork"},
		},
		"attach fails": {
			prepare: func(r *rig) { r.kni.fail("AttachInterface", 1, errFull) },
			err:     "rpc error: code = ResourceExhausted desc = KNI AttachInterface failed: no address left",
			calls:   undoneSandbox,
		},
		"attach gives no address": {
			prepare: func(r *rig) { r.kni.set(func() { r.kni.ipconfigs = nil }) },
			err:     errNoAddress.Error(),
			calls:   undoneSandbox,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			test.prepare(r)
			id, err := r.RunPodSandbox(podConfig("web"), "")
			expectError(t, err, test.err)
			expectStrings(t, []string{id}, "")
			r.journal.expect(t, test.calls...)
			r.expectNothingLeft()
		})
	}
}

func TestFailedUndoIsRetriedInTheBackground(t *testing.T) {
	r := newRig(t)
	r.cri.InjectError("RunPodSandbox", errors.New("no image"))
	r.kni.fail("DeleteNetwork", 3, errFull)
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, "no image")
	r.journal.waitFor(t, "KNI DeleteNetwork", 4)
	r.expectNothingLeft()
}

// The runtime identifies a network by uid and attempt, so a late DeleteNetwork would remove that of the running pod.
func TestNewAttemptWaitsForTheUndoOfTheOld(t *testing.T) {
	r := newRig(t)
	r.cri.InjectError("RunPodSandbox", errors.New("no image"))
	r.kni.fail("DeleteNetwork", always, errFull)
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, "no image")

	_, err = r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, "an earlier network of the pod is not released yet: rpc error: code = ResourceExhausted desc = KNI DeleteNetwork failed: no address left")

	r.kni.heal()
	id := r.mustRun(podConfig("web"))
	if created := r.kni.count("CreateNetwork"); created != 2 {
		t.Errorf("CreateNetwork came %d times, expected twice", created)
	}
	r.expectIPs(id, "10.244.1.2")
	if r.kni.leftover() != 1 {
		t.Errorf("%d networks, expected one", r.kni.leftover())
	}
}

func TestSandboxWithAFailedUndoStaysForTheKubelet(t *testing.T) {
	t.Run("detach fails", func(t *testing.T) {
		r := newRig(t)
		r.kni.fail("AttachInterface", 1, errFull)
		r.kni.fail("DetachInterface", always, errors.New("plugin failed"))
		_, err := r.RunPodSandbox(podConfig("web"), "")
		expectError(t, err, "rpc error: code = ResourceExhausted desc = KNI AttachInterface failed: no address left")
		sandboxes := r.cri.sandboxes()
		if len(sandboxes) != 1 || sandboxes[0].State.String() != "SANDBOX_NOTREADY" {
			t.Fatalf("sandboxes are %v", sandboxes)
		}
		// Therefore the kubelet creates no further sandbox.
		expectError(t, r.StopPodSandbox(sandboxes[0].Id), "rpc error: code = Unknown desc = KNI DetachInterface failed: plugin failed")
		r.kni.heal()
		r.eventually("the sandbox is removed", func() bool { return r.RemovePodSandbox(sandboxes[0].Id) == nil })
		r.expectNothingLeft()
	})
	t.Run("stop fails", func(t *testing.T) {
		r := newRig(t)
		r.kni.fail("AttachInterface", 1, errFull)
		r.cri.InjectError("StopPodSandbox", errors.New("shim hangs"))
		_, err := r.RunPodSandbox(podConfig("web"), "")
		expectError(t, err, "rpc error: code = ResourceExhausted desc = KNI AttachInterface failed: no address left")
		// Its processes may still be in the netns.
		r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "KNI AttachInterface", "CRI StopPodSandbox")
		sandboxes := r.cri.sandboxes()
		// The kubelet kills a sandbox without an address.
		r.expectIPs(sandboxes[0].Id)
		r.StopPodSandbox(sandboxes[0].Id)
		r.RemovePodSandbox(sandboxes[0].Id)
		r.expectNothingLeft()
	})
}

// The kubelet stops the sandboxes that it knows before it creates another one. Here all calls that release something
// fail or hang.
func TestPodWithAFailedCleanupHasOneSandbox(t *testing.T) {
	for name, breakCleanup := range map[string]func(*rig){
		"detach fails": func(r *rig) { r.kni.fail("DetachInterface", always, errPlugin) },
		"delete fails": func(r *rig) { r.kni.fail("DeleteNetwork", always, errPlugin) },
		"detach hangs": func(r *rig) { r.kni.hang("DetachInterface") },
		"delete hangs": func(r *rig) { r.kni.hang("DeleteNetwork") },
		"plugins are unavailable": func(r *rig) {
			r.kni.fail("DetachInterface", always, status.Error(codes.Unavailable, "plugin is busy"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *options) { o.timeouts.release = impatience })
			r.kni.fail("AttachInterface", always, errFull)
			breakCleanup(r)
			config := podConfig("web")
			for i := 0; i < 10; i++ {
				if r.syncPod(config) == nil {
					t.Fatal("the pod was started")
				}
				if sandboxes, networks := len(r.cri.sandboxes()), r.kni.leftover(); sandboxes > 1 || networks > 1 {
					t.Fatalf("%d sandboxes and %d networks, expected one of each at most", sandboxes, networks)
				}
				r.restartKubeletAt(i, 5)
			}
			r.kni.heal()
			r.eventually("the pod starts", func() bool { return r.syncPod(config) == nil })
			if networks := r.kni.leftover(); networks != 1 {
				t.Errorf("%d networks, expected one", networks)
			}
		})
	}
}

// syncPod makes the calls of a kubelet for a pod without a ready sandbox.
func (r *rig) syncPod(config *podSandboxConfig) error {
	config.Metadata.Attempt = 0
	for _, sandbox := range r.cri.sandboxes() {
		if err := r.StopPodSandbox(sandbox.Id); err != nil {
			return err
		}
		config.Metadata.Attempt = sandbox.Metadata.Attempt + 1
	}
	_, err := r.RunPodSandbox(config, "")
	return err
}

func (r *rig) restartKubeletAt(turn, at int) {
	r.t.Helper()
	if turn == at {
		r.restartKubelet()
	}
}
