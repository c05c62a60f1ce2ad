package kni

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// killWhileTheSandboxIsMade leaves a netns that only the start record knows.
func (r *rig) killWhileTheSandboxIsMade(config *podSandboxConfig) {
	r.t.Helper()
	making := make(chan struct{})
	r.onRun(func() {
		close(making)
		// A killed kubelet makes no further calls.
		select {}
	})
	killed := r.kubelet
	go killed.RunPodSandbox(config, "")
	<-making
	r.onRun(nil)
	r.restartKubelet()
}

func (r *rig) onRun(hook func()) {
	r.cri.Lock()
	defer r.cri.Unlock()
	r.cri.beforeRun = hook
}

func TestNetworkWithoutASandboxIsReleasedByTheNextKubelet(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		r := newRig(t)
		r.killWhileTheSandboxIsMade(podConfig("web"))
		r.expectNothingLeft()
		r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "KNI DeleteNetwork")
		remove := r.kni.lastRequest("DeleteNetwork").(*api.DeleteNetworkRequest)
		expectStrings(t, []string{remove.Id, remove.Name, remove.Namespace, remove.Extradata["uid"], remove.Extradata["attempt"]},
			"", "web", "default", "uid-of-web", "0")
	})
	t.Run("later, when the runtime is down", func(t *testing.T) {
		r := newRig(t)
		r.kni.fail("DeleteNetwork", always, errFull)
		r.killWhileTheSandboxIsMade(podConfig("web"))
		r.journal.waitFor(t, "KNI DeleteNetwork", 2)
		r.kni.stop()
		r.restartKubelet()
		r.kni.heal()
		r.kni.start(t)
		r.expectNothingLeft()
	})
}

// The runtime identifies a network by uid and attempt, so a late release would remove that of the running pod.
func TestNewAttemptWaitsForTheReleaseOfTheInterruptedOne(t *testing.T) {
	r := newRig(t)
	r.kni.fail("DeleteNetwork", always, errFull)
	r.killWhileTheSandboxIsMade(podConfig("web"))
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, "an earlier network of the pod is not released yet: rpc error: code = ResourceExhausted desc = KNI DeleteNetwork failed: no address left")

	r.kni.heal()
	id := r.mustRun(podConfig("web"))
	r.expectIPs(id, "10.244.1.2")
	if r.kni.leftover() != 1 {
		t.Errorf("%d networks, expected one", r.kni.leftover())
	}
	expectStrings(t, r.files("starts"))
}

// A recorded network must not have interfaces.
func TestStartRecordIsDeletedBeforeAttach(t *testing.T) {
	r := newRig(t)
	var whenMade, whenAttached []string
	r.onRun(func() { whenMade = r.files("starts") })
	r.kni.set(func() { r.kni.hooks["AttachInterface"] = func() { whenAttached = r.files("starts") } })
	r.mustRun(podConfig("web"))
	expectStrings(t, whenMade, "uid-of-web_0")
	expectStrings(t, whenAttached)
}

func TestStartRecordThatCannotBeDeletedPreventsAttach(t *testing.T) {
	r := newRig(t)
	stubborn := filepath.Join(r.stateDir("starts"), "uid-of-web_0")
	r.onRun(func() {
		// A directory that is not empty in place of the file makes the deletion fail, as a broken disk does.
		os.Remove(stubborn)
		os.MkdirAll(filepath.Join(stubborn, "full"), 0700)
	})
	if _, err := r.RunPodSandbox(podConfig("web"), ""); err == nil {
		t.Error("the next kubelet would release the network of the running pod")
	}
	r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "CRI StopPodSandbox", "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox")
	os.RemoveAll(stubborn)
	r.expectNothingLeft()
}

// A power failure during the write leaves such a file.
func TestUnreadableStartRecordIsIgnored(t *testing.T) {
	r := newRig(t)
	if err := os.WriteFile(filepath.Join(r.stateDir("starts"), "uid-of-web_0"), []byte("{"), 0600); err != nil {
		t.Fatal(err)
	}
	r.restartKubelet()
	expectStrings(t, r.files("starts"))
	r.mustRun(podConfig("web"))
}
