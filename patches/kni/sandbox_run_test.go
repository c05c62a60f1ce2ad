package kni

import (
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
