package kni

import (
	"io/ioutil"
	"os"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	apitest "k8s.io/cri-api/pkg/apis/testing"
)

// fakeContainerRuntime writes what changes sandboxes into the journal, and keeps the configurations it was given.
type fakeContainerRuntime struct {
	*apitest.FakeRuntimeService
	journal    *journal
	lastConfig *runtimeapi.PodSandboxConfig
}

func (f *fakeContainerRuntime) RunPodSandbox(config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	f.journal.add("CRI RunPodSandbox")
	f.Lock()
	f.lastConfig = config
	f.Unlock()
	return f.FakeRuntimeService.RunPodSandbox(config, runtimeHandler)
}

func (f *fakeContainerRuntime) CreateContainer(podSandboxID string, config *runtimeapi.ContainerConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "container", nil
}

func (f *fakeContainerRuntime) StopPodSandbox(podSandboxID string) error {
	f.journal.add("CRI StopPodSandbox")
	return f.FakeRuntimeService.StopPodSandbox(podSandboxID)
}

func (f *fakeContainerRuntime) RemovePodSandbox(podSandboxID string) error {
	f.journal.add("CRI RemovePodSandbox")
	return f.FakeRuntimeService.RemovePodSandbox(podSandboxID)
}

type fakeImageService struct {
	*apitest.FakeImageService
	lastConfig *runtimeapi.PodSandboxConfig
}

func (f *fakeImageService) PullImage(image *runtimeapi.ImageSpec, auth *runtimeapi.AuthConfig, sandboxConfig *runtimeapi.PodSandboxConfig) (string, error) {
	f.lastConfig = sandboxConfig
	return "image", nil
}

// rig is a kubelet's view of a node with both runtimes.
type rig struct {
	internalapi.RuntimeService
	t       *testing.T
	options options
	cri     *fakeContainerRuntime
	images  *fakeImageService
	puller  internalapi.ImageManagerService
	kni     *fakeNetworkRuntime
	journal *journal
	stop    chan struct{}
}

func newRig(t *testing.T, change ...func(*options)) *rig {
	t.Helper()
	dir, err := ioutil.TempDir("", "kni")
	if err != nil {
		t.Fatal(err)
	}
	journal := newJournal()
	socket := filepath.Join(dir, "kni.sock")
	r := &rig{
		t:       t,
		journal: journal,
		cri:     &fakeContainerRuntime{FakeRuntimeService: apitest.NewFakeRuntimeService(), journal: journal},
		images:  &fakeImageService{FakeImageService: apitest.NewFakeImageService()},
		kni:     newFakeNetworkRuntime(socket, journal),
		options: defaultOptions("unix://" + socket),
	}
	r.options.addressDir = filepath.Join(dir, "addresses")
	// A slow machine is no failure; what hangs gets its own limit in the test.
	r.options.timeouts = timeouts{create: patience, attach: patience, release: patience, query: patience, queryNode: patience, setup: patience}
	r.options.setupInterval = time.Hour
	r.options.releaseRetry = workqueue.NewItemExponentialFailureRateLimiter(time.Millisecond, 10*time.Millisecond)
	r.options.pruneRetry = 10 * time.Millisecond
	for _, f := range change {
		f(&r.options)
	}
	r.kni.start(t)
	r.startKubelet()
	if r.options.endpoint != "" {
		// It looks once for sandboxes that are gone, and must not find those that a test removes.
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

// startKubelet makes new decorators, as a kubelet that has just started does.
func (r *rig) startKubelet() {
	r.t.Helper()
	var err error
	r.stop = make(chan struct{})
	r.options.stop = r.stop
	r.RuntimeService, r.puller, err = decorate(r.cri, r.images, r.options)
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) restartKubelet() {
	r.t.Helper()
	close(r.stop)
	r.startKubelet()
}

// lists is how often the container runtime was asked for its sandboxes.
func (r *rig) lists() int {
	count := 0
	for _, call := range r.cri.GetCalls() {
		if call == "ListPodSandbox" {
			count++
		}
	}
	return count
}

// mustRun makes a sandbox and forgets the calls for that.
func (r *rig) mustRun(config *runtimeapi.PodSandboxConfig) string {
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
	if sandboxes, _ := r.cri.ListPodSandbox(nil); len(sandboxes) > 0 {
		r.t.Errorf("%d sandboxes are left", len(sandboxes))
	}
	if files, _ := ioutil.ReadDir(r.options.addressDir); len(files) > 0 {
		r.t.Errorf("%d files with addresses are left", len(files))
	}
}

func (r *rig) eventually(what string, condition func() bool) {
	r.t.Helper()
	if err := wait.PollImmediate(5*time.Millisecond, patience, func() (bool, error) { return condition(), nil }); err != nil {
		r.t.Errorf("never came true: %s", what)
	}
}

// impatience is a timeout for calls that hang in the test.
const impatience = 50 * time.Millisecond

// podConfig is a sandbox configuration as the kubelet makes it, with an annotation by which the pod tries to choose.
func podConfig(name string) *runtimeapi.PodSandboxConfig {
	return &runtimeapi.PodSandboxConfig{
		Metadata:    &runtimeapi.PodSandboxMetadata{Name: name, Namespace: "default", Uid: "uid-of-" + name},
		Labels:      map[string]string{"app": name},
		Annotations: map[string]string{"note": "kept", netnsAnnotation: "/proc/1/ns/net"},
		DnsConfig:   &runtimeapi.DNSConfig{Servers: []string{"10.96.0.10"}, Searches: []string{"cluster.local"}, Options: []string{"ndots:5"}},
		PortMappings: []*runtimeapi.PortMapping{
			{Protocol: runtimeapi.Protocol_UDP, ContainerPort: 53, HostPort: 5353, HostIp: "127.0.0.1"},
			{Protocol: runtimeapi.Protocol_TCP, ContainerPort: 80},
		},
		Linux: &runtimeapi.LinuxPodSandboxConfig{CgroupParent: "/kubepods/pod1"},
	}
}

func hostNetworkConfig(name string) *runtimeapi.PodSandboxConfig {
	config := podConfig(name)
	config.Linux.SecurityContext = &runtimeapi.LinuxSandboxSecurityContext{
		NamespaceOptions: &runtimeapi.NamespaceOption{Network: runtimeapi.NamespaceMode_NODE},
	}
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
