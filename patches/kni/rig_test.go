package kni

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
)

// rig is a node with both runtimes, as a kubelet uses it. kubelet_test.go of each CRI generation has the container runtime
// and the kubelet's calls.
type rig struct {
	kubelet
	t       *testing.T
	options options
	cri     *fakeContainerRuntime
	images  *fakeImageService
	kni     *fakeNetworkRuntime
	journal *journal
	events  *fakeRecorder
	stop    chan struct{}
}

func newRig(t *testing.T, change ...func(*options)) *rig {
	t.Helper()
	dir, err := os.MkdirTemp("", "kni")
	if err != nil {
		t.Fatal(err)
	}
	journal := newJournal()
	socket := filepath.Join(dir, "kni.sock")
	r := &rig{
		t:       t,
		journal: journal,
		cri:     newFakeContainerRuntime(journal),
		images:  newFakeImageService(),
		kni:     newFakeNetworkRuntime(socket, journal),
		events:  &fakeRecorder{},
	}
	r.options = defaultOptions("unix://"+socket, func() record.EventRecorder { return r.events })
	r.options.stateDir = filepath.Join(dir, "state")
	// A slow machine must not fail a test. Tests of calls that hang set their own limit.
	r.options.timeouts = timeouts{create: patience, attach: patience, release: patience, query: patience, queryNode: patience, setup: patience}
	r.options.setupInterval = time.Hour
	r.options.silence = 0
	r.options.releaseRetry = workqueue.NewItemExponentialFailureRateLimiter(time.Millisecond, 10*time.Millisecond)
	r.options.busyTimeout = patience
	r.options.pruneRetry = 10 * time.Millisecond
	r.options.pruneInterval = time.Hour
	for _, f := range change {
		f(&r.options)
	}
	r.kni.start(t)
	r.startKubelet()
	if r.options.endpoint != "" {
		// Prune only at start, so that pruning does not interfere with sandboxes that a test removes.
		r.eventually("the kubelet has looked for sandboxes", func() bool { return r.lists() > 0 })
	}
	t.Cleanup(func() {
		close(r.stop)
		r.kni.heal()
		r.kni.stop()
		os.RemoveAll(dir)
	})
	return r
}

// startKubelet creates new decorators, as a kubelet does at its start.
func (r *rig) startKubelet() {
	r.t.Helper()
	r.stop = make(chan struct{})
	r.options.stop = r.stop
	runtime, images, err := decorate(r.cri, r.images, r.options)
	if err != nil {
		r.t.Fatal(err)
	}
	r.kubelet = kubelet{runtime, images}
}

func (r *rig) restartKubelet() {
	r.t.Helper()
	close(r.stop)
	r.startKubelet()
}

// lists returns how often the container runtime listed its sandboxes.
func (r *rig) lists() int {
	count := 0
	for _, call := range r.cri.GetCalls() {
		if call == "ListPodSandbox" {
			count++
		}
	}
	return count
}

// mustRun creates a sandbox and removes its calls from the journal.
func (r *rig) mustRun(config *podSandboxConfig) string {
	r.t.Helper()
	id, err := r.RunPodSandbox(config, "")
	if err != nil {
		r.t.Fatal(err)
	}
	r.journal.take()
	return id
}

func (r *rig) expectIPs(sandboxID string, expected ...string) {
	r.t.Helper()
	sandbox, err := r.PodSandboxStatus(sandboxID)
	if err != nil {
		r.t.Errorf("unexpected error: %v", err)
		return
	}
	ips := []string{}
	if sandbox.Network.Ip != "" {
		ips = append(ips, sandbox.Network.Ip)
	}
	for _, additional := range sandbox.Network.AdditionalIps {
		ips = append(ips, additional.Ip)
	}
	expectStrings(r.t, ips, expected...)
}

func (r *rig) expectNothingLeft() {
	r.t.Helper()
	r.eventually("no network is left", func() bool { return r.kni.leftover() == 0 })
	// The background removes a sandbox after its network.
	r.eventually("no sandbox is left", func() bool { return len(r.cri.sandboxes()) == 0 })
	r.eventually("nothing is kept of it", func() bool { return len(r.files("addresses"))+len(r.files("starts")) == 0 })
}

func (r *rig) stateDir(kind string) string {
	return filepath.Join(r.options.stateDir, kind)
}

// files lists the state files of one kind.
func (r *rig) files(kind string) []string {
	entries, _ := os.ReadDir(r.stateDir(kind))
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func (r *rig) eventually(what string, condition func() bool) {
	r.t.Helper()
	if err := wait.PollImmediate(5*time.Millisecond, patience, func() (bool, error) { return condition(), nil }); err != nil {
		r.t.Errorf("timed out waiting for: %s", what)
	}
}

// withoutBackground switches off retries in the background.
func withoutBackground(o *options) {
	o.releaseRetry = workqueue.NewItemExponentialFailureRateLimiter(time.Hour, time.Hour)
}

// impatience is the timeout for calls that a test lets hang.
const impatience = 50 * time.Millisecond

// podConfig returns a sandbox configuration as the kubelet creates it. The pod tries to select a netns by annotation.
func podConfig(name string) *podSandboxConfig {
	return &podSandboxConfig{
		Metadata:    &podSandboxMetadata{Name: name, Namespace: "default", Uid: "uid-of-" + name},
		Labels:      map[string]string{"app": name},
		Annotations: map[string]string{"note": "kept", netnsAnnotation: "/proc/1/ns/net"},
		DnsConfig:   &dnsConfig{Servers: []string{"10.96.0.10"}, Searches: []string{"cluster.local"}, Options: []string{"ndots:5"}},
		PortMappings: []*portMapping{
			{Protocol: protocolUDP, ContainerPort: 53, HostPort: 5353, HostIp: "127.0.0.1"},
			{Protocol: protocolTCP, ContainerPort: 80},
		},
		Linux: &linuxConfig{CgroupParent: "/kubepods/pod1"},
	}
}

func hostNetworkConfig(name string) *podSandboxConfig {
	config := podConfig(name)
	config.Linux.SecurityContext = &securityContext{NamespaceOptions: &namespaceOption{Network: nodeNetwork}}
	return config
}

func expectStrings(t *testing.T, actual []string, expected ...string) {
	t.Helper()
	if len(actual) != len(expected) {
		t.Errorf("got %q, expected %q", actual, expected)
		return
	}
	for i := range actual {
		if actual[i] != expected[i] {
			t.Errorf("got %q, expected %q", actual, expected)
			return
		}
	}
}

func expectError(t *testing.T, err error, expected string) {
	t.Helper()
	if err == nil || err.Error() != expected {
		t.Errorf("got error %v, expected %s", err, expected)
	}
}
