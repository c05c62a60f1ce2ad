package kni

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

func TestPodIPsFrom(t *testing.T) {
	for name, test := range map[string]struct {
		ipconfigs map[string][]string
		expected  []string
	}{
		"one":                                {map[string][]string{"eth0": {"10.0.0.1"}}, []string{"10.0.0.1"}},
		"dual stack":                         {map[string][]string{"eth0": {"10.0.0.1", "fd00::1"}}, []string{"10.0.0.1", "fd00::1"}},
		"dual stack, IPv6 first":             {map[string][]string{"eth0": {"fd00::1", "10.0.0.1"}}, []string{"fd00::1", "10.0.0.1"}},
		"eth0 and no other":                  {map[string][]string{"a0": {"fd00::1"}, "eth0": {"10.0.0.1"}}, []string{"10.0.0.1"}},
		"others than an eth0 without any":    {map[string][]string{"net1": {"fd00::1"}, "eth0": nil}, []string{"fd00::1"}},
		"others by name":                     {map[string][]string{"net2": {"10.0.0.2", "fd00::2"}, "net1": {"10.0.0.1"}}, []string{"10.0.0.1", "fd00::2"}},
		"no eth0":                            {map[string][]string{"net1": {"10.0.0.1"}}, []string{"10.0.0.1"}},
		"one of each family":                 {map[string][]string{"net1": {"10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"}, "net2": {"10.0.0.3"}}, []string{"10.0.0.1", "fd00::1"}},
		"without loopback":                   {map[string][]string{"lo": {"127.0.0.1", "::1"}, "eth0": {"10.0.0.1"}}, []string{"10.0.0.1"}},
		"an invalid address":                 {map[string][]string{"eth0": {"10.0.0.1/24", "", "10.0.0.2"}}, []string{"10.0.0.2"}},
		"nothing":                            {nil, nil},
		"nothing but loopback":               {map[string][]string{"lo": {"127.0.0.1"}}, nil},
		"an interface without any addresses": {map[string][]string{"eth0": nil}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ipconfigs := map[string]*api.IPConfig{}
			for name, ips := range test.ipconfigs {
				ipconfigs[name] = &api.IPConfig{Ip: ips}
			}
			ips, err := podIPsFrom(ipconfigs)
			expectStrings(t, ips, test.expected...)
			if (err != nil) != (test.expected == nil) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestStatusHasAllAddresses(t *testing.T) {
	r := newRig(t)
	r.kni.set(func() {
		r.kni.ipconfigs = map[string]*api.IPConfig{"eth0": {Ip: []string{"10.244.1.2", "fd00::2"}}, "net1": {Ip: []string{"10.99.0.2"}}}
	})
	id := r.mustRun(podConfig("web"))
	r.expectIPs(id, "10.244.1.2", "fd00::2")
	r.journal.expect(t, "KNI QueryPodNetwork")
	query := r.kni.lastRequest("QueryPodNetwork").(*api.QueryPodNetworkRequest)
	expectStrings(t, []string{query.Id, query.Name, query.Namespace}, id, "web", "default")
}

// The kubelet kills a sandbox that is ready and has no address.
func TestStatusDistinguishesNoNetworkFromNoAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		failure  error
		expected []string
	}{
		"unknown sandbox":    {status.Error(codes.NotFound, "no such sandbox"), nil},
		"not attached":       {status.Error(codes.FailedPrecondition, "not attached"), nil},
		"broken store":       {status.Error(codes.Internal, "store is broken"), []string{"10.244.1.2"}},
		"runtime is busy":    {status.Error(codes.Unavailable, "starting"), []string{"10.244.1.2"}},
		"error without code": {errors.New("something"), []string{"10.244.1.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.mustRun(podConfig("web"))
			r.kni.fail("QueryPodNetwork", 1, test.failure)
			r.expectIPs(id, test.expected...)
		})
	}
	t.Run("no address in the answer", func(t *testing.T) {
		r := newRig(t)
		id := r.mustRun(podConfig("web"))
		r.kni.set(func() { r.kni.ipconfigs = nil })
		r.expectIPs(id, "10.244.1.2")
	})
	t.Run("no answer", func(t *testing.T) {
		r := newRig(t, func(o *options) { o.timeouts.query = impatience })
		id := r.mustRun(podConfig("web"))
		r.kni.hang("QueryPodNetwork")
		r.expectIPs(id, "10.244.1.2")
	})
}

func TestStatusFollowsTheRuntime(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.kni.set(func() { r.kni.ipconfigs = map[string]*api.IPConfig{"eth0": {Ip: []string{"10.244.1.9"}}} })
	r.expectIPs(id, "10.244.1.9")
	r.kni.stop()
	r.expectIPs(id, "10.244.1.9")
	r.restartKubelet()
	r.expectIPs(id, "10.244.1.9")
	r.kni.start(t)
}

func TestStatusAfterARestartWhileTheRuntimeIsDown(t *testing.T) {
	unreachable := func(r *rig) string {
		return "rpc error: code = Unavailable desc = KNI network runtime is not reachable at " + r.options.endpoint
	}
	t.Run("from disk", func(t *testing.T) {
		r := newRig(t)
		id := r.mustRun(podConfig("web"))
		r.kni.stop()
		r.restartKubelet()
		r.expectIPs(id, "10.244.1.2")
		if err := r.StopPodSandbox(id); err != nil {
			t.Errorf("the pod cannot be deleted: %v", err)
		}
		r.kni.start(t)
	})
	t.Run("nothing on disk", func(t *testing.T) {
		r := newRig(t)
		id := r.mustRun(podConfig("web"))
		r.addressFile(id, nil)
		r.kni.stop()
		r.restartKubelet()
		_, err := r.PodSandboxStatus(id)
		expectError(t, err, unreachable(r))
		r.kni.start(t)
	})
	t.Run("rubbish on disk", func(t *testing.T) {
		r := newRig(t)
		id := r.mustRun(podConfig("web"))
		r.addressFile(id, []byte("{"))
		r.kni.stop()
		r.restartKubelet()
		_, err := r.PodSandboxStatus(id)
		expectError(t, err, unreachable(r))
		r.kni.start(t)
		r.eventually("the runtime answers", func() bool { _, err := r.PodSandboxStatus(id); return err == nil })
		r.expectIPs(id, "10.244.1.2")
	})
}

// The kubelet does not use the addresses of a sandbox that is not ready, and must be able to delete it.
func TestStatusOfAStoppedSandboxDoesNotQueryTheNetwork(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.StopPodSandbox(id)
	r.journal.take()
	if _, err := r.PodSandboxStatus(id); err != nil {
		t.Error(err)
	}
	r.journal.expect(t)
}

func TestStatusFailsWithTheContainerRuntime(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.cri.InjectError("PodSandboxStatus", errors.New("busy"))
	_, err := r.PodSandboxStatus(id)
	expectError(t, err, "busy")
}

func TestAddressesOfRemovedSandboxesAreForgotten(t *testing.T) {
	r := newRig(t)
	id := r.mustRun(podConfig("web"))
	r.addressFile("removed-behind-our-back", []byte(`["10.0.0.1"]`))
	r.restartKubelet()
	r.eventually("only the existing sandbox has a file", func() bool {
		return reflect.DeepEqual(r.files("addresses"), []string{id})
	})
}

// The address file is the only record of such a network.
func TestNetworksOfSandboxesRemovedWithoutTheKubeletAreReleased(t *testing.T) {
	onlyFileIs := func(r *rig, sandboxID string) bool {
		return reflect.DeepEqual(r.files("addresses"), []string{sandboxID})
	}
	t.Run("at once", func(t *testing.T) {
		r := newRig(t)
		kept, gone := r.mustRun(podConfig("kept")), r.mustRun(podConfig("gone"))
		r.cri.removeBehindOurBack(gone)
		r.restartKubelet()
		r.eventually("the sandbox is forgotten", func() bool { return onlyFileIs(r, kept) })
		r.journal.expect(t, "KNI DetachInterface", "KNI DeleteNetwork")
		if r.kni.leftover() != 1 {
			t.Errorf("%d networks are left, expected that of the other sandbox", r.kni.leftover())
		}
		detach := r.kni.lastRequest("DetachInterface").(*api.DetachInterfaceRequest)
		remove := r.kni.lastRequest("DeleteNetwork").(*api.DeleteNetworkRequest)
		// Only the sandbox id is known, so the requests must contain nothing else.
		if !proto.Equal(detach, &api.DetachInterfaceRequest{Id: gone}) || !proto.Equal(remove, &api.DeleteNetworkRequest{Id: gone}) {
			t.Errorf("requests are %v and %v", detach, remove)
		}
	})
	t.Run("while the kubelet runs", func(t *testing.T) {
		r := newRig(t, func(o *options) { o.pruneInterval = 10 * time.Millisecond })
		kept, gone := r.mustRun(podConfig("kept")), r.mustRun(podConfig("gone"))
		r.cri.removeBehindOurBack(gone)
		r.eventually("the sandbox is forgotten", func() bool { return onlyFileIs(r, kept) })
		if r.kni.leftover() != 1 {
			t.Errorf("%d networks are left, expected that of the other sandbox", r.kni.leftover())
		}
	})
	t.Run("later, when the runtime is down", func(t *testing.T) {
		r := newRig(t)
		gone := r.mustRun(podConfig("gone"))
		r.cri.removeBehindOurBack(gone)
		r.kni.stop()
		lists := r.lists()
		r.restartKubelet()
		// A second attempt shows that the first one ended.
		r.eventually("there were two attempts", func() bool { return r.lists() >= lists+2 })
		if !onlyFileIs(r, gone) {
			t.Error("the address file must stay, because only it names the network")
		}
		r.kni.start(t)
		r.expectNothingLeft()
	})
	t.Run("later, when one of them fails", func(t *testing.T) {
		for _, method := range []string{"DetachInterface", "DeleteNetwork"} {
			r := newRig(t)
			for _, name := range []string{"one", "other"} {
				r.cri.removeBehindOurBack(r.mustRun(podConfig(name)))
			}
			r.kni.fail(method, 1, errPlugin)
			r.restartKubelet()
			r.expectNothingLeft()
			if count := r.kni.count(method); count != 3 {
				t.Errorf("%s came %d times, expected once more than there are sandboxes", method, count)
			}
		}
	})
}

// addressFile replaces the file of a sandbox, or removes it.
func (r *rig) addressFile(sandboxID string, data []byte) {
	r.t.Helper()
	path := filepath.Join(r.stateDir("addresses"), sandboxID)
	err := os.Remove(path)
	if data != nil {
		err = os.WriteFile(path, data, 0600)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

func mustClient(t *testing.T, r *rig) *client {
	t.Helper()
	c, err := newClient(r.options.endpoint, r.options.timeouts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
