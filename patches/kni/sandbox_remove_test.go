package kni

import (
	"fmt"
	"sync"
	"testing"
)

func TestRemoveFailsUntilTheNetworkIsDeleted(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.kni.fail("DeleteNetwork", always, errPlugin)
	expectError(t, r.RemovePodSandbox(id), "the network is being released in the background: rpc error: code = Internal desc = KNI DeleteNetwork failed: plugin failed")
	if sandboxes := r.cri.sandboxes(); len(sandboxes) != 1 {
		t.Error("the sandbox must stay, because only it names the network")
	}
	r.kni.heal()
	// The kubelet's own next call would come with its garbage collection, up to a minute later.
	r.eventually("the sandbox is removed without another call", func() bool { return len(r.cri.sandboxes()) == 0 })
	r.expectNothingLeft()
}

// A short downtime of the runtime must not delay a pod until the kubelet's garbage collection, up to a minute later.
func TestRemoveRetriesAPendingRelease(t *testing.T) {
	r := newRig(t, withoutBackground)
	id := r.mustRun(podConfig("web"))
	r.kni.stop()
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	r.kni.start(t)
	r.eventually("the sandbox is removed", func() bool { return r.RemovePodSandbox(id) == nil })
	r.expectNothingLeft()
}

// The sandbox disappeared after the kubelet listed it.
func TestRemoveReleasesTheNetworkOfAMissingSandbox(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.cri.removeBehindOurBack(id)
	if err := r.RemovePodSandbox(id); err != nil {
		t.Error(err)
	}
	r.journal.expect(t, "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox")
	r.expectNothingLeft()
}

// The garbage collector also removes sandboxes without stopping them first.
func TestRemoveAloneReleasesTheNetwork(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	if err := r.RemovePodSandbox(id); err != nil {
		t.Fatal(err)
	}
	r.journal.expect(t, "KNI DetachInterface", "KNI DeleteNetwork", "CRI RemovePodSandbox")
	r.expectNothingLeft()
}

// The deletion of a pod makes several calls, some of them at the same time.
func TestManyPodsAtOnce(t *testing.T) {
	r := newRig(t)
	r.kni.fail("AttachInterface", 5, errFull)
	r.kni.fail("DetachInterface", 5, errPlugin)
	r.kni.fail("DeleteNetwork", 5, errPlugin)
	var pods sync.WaitGroup
	for i := 0; i < 20; i++ {
		pods.Add(1)
		go func(name string) {
			defer pods.Done()
			config := podConfig(name)
			id, err := r.RunPodSandbox(config, "")
			for ; err != nil; id, err = r.RunPodSandbox(config, "") {
				// As in the kubelet, the attempt is the number of existing sandboxes.
				config.Metadata.Attempt++
			}
			r.expectIPs(id, "10.244.1.2")
			var calls sync.WaitGroup
			for j := 0; j < 4; j++ {
				calls.Add(1)
				go func() {
					defer calls.Done()
					for r.StopPodSandbox(id) != nil {
						// The kubelet retries, too.
					}
					if _, err := r.PodSandboxStatus(id); err != nil {
						t.Error(err)
					}
				}()
			}
			calls.Wait()
		}(fmt.Sprintf("pod-%d", i))
	}
	pods.Wait()
	r.eventually("all sandboxes are collected", func() bool {
		sandboxes := r.cri.sandboxes()
		for _, sandbox := range sandboxes {
			r.RemovePodSandbox(sandbox.Id)
		}
		return len(sandboxes) == 0
	})
	r.expectNothingLeft()
}
