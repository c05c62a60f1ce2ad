package kni

import (
	"errors"
	"reflect"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

var errFull = status.Error(codes.ResourceExhausted, "no address left")

func TestRunPodSandbox(t *testing.T) {
	r := newRig(t)
	config := podConfig("web")
	id, err := r.RunPodSandbox(config, "")
	if err != nil {
		t.Fatal(err)
	}
	r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "KNI AttachInterface")

	create := r.kni.lastRequest("CreateNetwork").(*api.CreateNetworkRequest)
	expectStrings(t, []string{create.Name, create.Namespace, create.Uid, create.Labels["app"], create.Annotations["note"], create.Extradata["attempt"]},
		"web", "default", "uid-of-web", "web", "kept", "0")
	if _, found := create.Annotations[netnsAnnotation]; found {
		t.Error("the pod's own netns annotation went to the network runtime")
	}

	const netnsPath = "/run/netns/kni-uid-of-web-1"
	expectStrings(t, []string{r.cri.lastConfig.Annotations[netnsAnnotation], r.cri.lastConfig.Annotations["note"]}, netnsPath, "kept")

	attach := r.kni.lastRequest("AttachInterface").(*api.AttachInterfaceRequest)
	expectStrings(t, []string{attach.Id, attach.Name, attach.Namespace, attach.Isolation.Path, attach.Isolation.Type}, id, "web", "default", netnsPath, "netns")
	expectStrings(t, []string{attach.Labels["app"], attach.Annotations["note"]}, "web", "kept")
	expectStrings(t, []string{attach.Extradata["uid"], attach.Extradata["attempt"], attach.Extradata["cgroup_parent"]}, "uid-of-web", "0", "/kubepods/pod1")
	expectStrings(t, append(append(attach.DnsConfig.Servers, attach.DnsConfig.Searches...), attach.DnsConfig.Options...), "10.96.0.10", "cluster.local", "ndots:5")
	if len(attach.PortMappings) != 1 || attach.PortMappings[0].Protocol != api.Protocol_UDP || attach.PortMappings[0].HostPort != 5353 ||
		attach.PortMappings[0].ContainerPort != 53 || attach.PortMappings[0].HostIp != "127.0.0.1" {
		t.Errorf("port mappings are %v", attach.PortMappings)
	}
	r.expectIPs(id, "10.244.1.2")
}

// The annotations of a configuration are the map of the Pod in the kubelet's cache, which must stay unmodified.
func TestRunPodSandboxDoesNotModifyThePod(t *testing.T) {
	r := newRig(t)
	spoofing, ordinary := podConfig("spoofing"), podConfig("ordinary")
	delete(ordinary.Annotations, netnsAnnotation)
	r.mustRun(spoofing)
	r.mustRun(ordinary)
	if !reflect.DeepEqual(spoofing.Annotations, podConfig("spoofing").Annotations) {
		t.Errorf("annotations are %v", spoofing.Annotations)
	}
	if !reflect.DeepEqual(ordinary.Annotations, map[string]string{"note": "kept"}) {
		t.Errorf("annotations are %v", ordinary.Annotations)
	}
}

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

func TestRunPodSandboxTimesOut(t *testing.T) {
	t.Run("create", func(t *testing.T) {
		r := newRig(t, func(o *options) { o.timeouts.create = impatience })
		r.kni.hang("CreateNetwork")
		_, err := r.RunPodSandbox(podConfig("web"), "")
		expectError(t, err, "rpc error: code = DeadlineExceeded desc = KNI network runtime did not answer CreateNetwork within 50ms")
		// The netns may exist despite the timeout.
		r.journal.waitFor(t, "KNI DeleteNetwork", 1)
		remove := r.kni.lastRequest("DeleteNetwork").(*api.DeleteNetworkRequest)
		expectStrings(t, []string{remove.Extradata["uid"], remove.Extradata["attempt"], remove.Id, remove.NetnsPath}, "uid-of-web", "0", "", "")
	})
	t.Run("attach", func(t *testing.T) {
		r := newRig(t, func(o *options) { o.timeouts.attach = impatience })
		r.kni.hang("AttachInterface")
		_, err := r.RunPodSandbox(podConfig("web"), "")
		expectError(t, err, "rpc error: code = DeadlineExceeded desc = KNI network runtime did not answer AttachInterface within 50ms")
		r.expectNothingLeft()
	})
}

// Without a netns in the annotation the container runtime would use CNI.
func TestRunPodSandboxWithoutANetns(t *testing.T) {
	r := newRig(t)
	r.kni.set(func() { r.kni.netnsDir = "" })
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, errNoNetns.Error())
	r.journal.waitFor(t, "KNI DeleteNetwork", 1)
	r.journal.expect(t, "KNI CreateNetwork", "KNI DeleteNetwork")
	r.expectNothingLeft()
}

func TestRunPodSandboxWhileTheRuntimeIsDown(t *testing.T) {
	r := newRig(t)
	r.kni.stop()
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, "rpc error: code = Unavailable desc = "+"KNI network runtime is not reachable at "+r.options.endpoint)
	r.journal.expect(t)
	r.kni.start(t)
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

// Kubelet 1.20 may start a static pod twice with the same uid. The second start must not undo the first.
func TestTwoStartsOfOnePodAtOnce(t *testing.T) {
	r := newRig(t)
	making, made := make(chan struct{}), make(chan struct{})
	r.onRun(func() {
		close(making)
		<-made
	})
	done := make(chan string)
	go func() {
		id, _ := r.RunPodSandbox(podConfig("web"), "")
		done <- id
	}()
	<-making
	_, err := r.RunPodSandbox(podConfig("web"), "")
	expectError(t, err, errStarting.Error())
	close(made)
	id := <-done
	r.journal.expect(t, "KNI CreateNetwork", "CRI RunPodSandbox", "KNI AttachInterface")
	r.expectIPs(id, "10.244.1.2")
}

func TestPodsStartWithoutAStateDirectory(t *testing.T) {
	// No directory can be created there.
	r := newRig(t, func(o *options) { o.stateDir = "/proc/kni" })
	id := r.mustRun(podConfig("web"))
	r.expectIPs(id, "10.244.1.2")
	r.StopPodSandbox(id)
	if err := r.RemovePodSandbox(id); err != nil {
		t.Error(err)
	}
	r.expectNothingLeft()
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

func TestPodsWithTheNodeNetworkDoNotUseKNI(t *testing.T) {
	r := newRig(t)
	id, err := r.RunPodSandbox(hostNetworkConfig("proxy"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, found := r.cri.lastConfig.Annotations[netnsAnnotation]; found {
		t.Error("a pod with the node's network got a netns annotation")
	}
	if _, err := r.PodSandboxStatus(id); err != nil {
		t.Error(err)
	}
	if err := r.StopPodSandbox(id); err != nil {
		t.Error(err)
	}
	if err := r.RemovePodSandbox(id); err != nil {
		t.Error(err)
	}
	r.journal.expect(t, "CRI RunPodSandbox", "CRI StopPodSandbox", "CRI RemovePodSandbox")
}

// PLEG asks for the status of a sandbox that is ready but not attached yet.
func TestStatusIsAnErrorWhileThePodStarts(t *testing.T) {
	r := newRig(t)
	attaching, attached := make(chan struct{}), make(chan struct{})
	r.kni.set(func() {
		r.kni.hooks["AttachInterface"] = func() {
			close(attaching)
			<-attached
		}
	})
	done := make(chan string)
	go func() {
		id, _ := r.RunPodSandbox(podConfig("web"), "")
		done <- id
	}()
	<-attaching
	sandboxes := r.cri.sandboxes()
	_, err := r.PodSandboxStatus(sandboxes[0].Id)
	expectError(t, err, errStarting.Error())

	close(attached)
	r.expectIPs(<-done, "10.244.1.2")
}
