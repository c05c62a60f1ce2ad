package main

import (
	"context"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/kni-runtime/kni"
)

// TestMain runs the tests in a network and a mount namespace of their own, which disappear with everything in them. It needs root.
func TestMain(m *testing.M) {
	if os.Getenv("IN_NAMESPACES") != "" {
		os.Exit(m.Run())
	}
	tests := exec.Command(os.Args[0], os.Args[1:]...)
	tests.Env = append(os.Environ(), "IN_NAMESPACES=yes")
	tests.Stdout, tests.Stderr = os.Stdout, os.Stderr
	tests.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	if err := tests.Run(); err != nil {
		os.Stderr.WriteString("the tests need root, and have failed: " + err.Error() + "\n")
		os.Exit(1)
	}
}

// startRuntime serves until stop, which leaves the pods as they are.
func startRuntime(t *testing.T, dir string) (client kni.KNIClient, stop func()) {
	t.Helper()
	socket := filepath.Join(dir, "kni.sock")
	settings := settings{socket: socket, stateDir: filepath.Join(dir, "state"), netnsDir: filepath.Join(dir, "netns"),
		nodeName: "test", podCIDRs: []netip.Prefix{netip.MustParsePrefix("10.99.0.0/24")}, kubeconfig: filepath.Join(dir, "none")}
	s, err := newService(settings)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(s)
	go server.Serve(listener)
	connection, err := grpc.Dial("unix:"+socket, grpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	return kni.NewKNIClient(connection), func() {
		connection.Close()
		server.Stop()
		s.pods.store.close()
	}
}

func TestLifeOfAPod(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, stop := startRuntime(t, dir)
	uid := map[string]string{"uid": "uid-web"}

	created, err := client.CreateNetwork(ctx, &kni.CreateNetworkRequest{Namespace: "default", Name: "web", Uid: "uid-web"})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := client.AttachInterface(ctx, &kni.AttachInterfaceRequest{Namespace: "default", Name: "web", Id: "sandbox-web",
		Isolation: &kni.Isolation{Path: created.NetnsPath, Type: "netns"}, Extradata: uid})
	if err != nil {
		t.Fatal(err)
	}
	if ip := attached.Ipconfigs["eth0"].Ip; len(ip) != 1 || ip[0] != "10.99.0.2" {
		t.Fatalf("the address is %v", ip)
	}
	netns, err := os.Open(created.NetnsPath)
	if err != nil {
		t.Fatal(err)
	}
	err = inNetns(netns, func() error {
		routes, err := netlink.RouteGet([]byte{1, 1, 1, 1})
		if err == nil && routes[0].Gw.String() != "10.99.0.1" {
			t.Errorf("the gateway is %s", routes[0].Gw)
		}
		return err
	})
	netns.Close()
	if err != nil {
		t.Fatal(err)
	}

	// The next process finds the pod in the state directory.
	stop()
	client, stop = startRuntime(t, dir)
	defer stop()
	query := &kni.QueryPodNetworkRequest{Id: "sandbox-web"}
	found, err := client.QueryPodNetwork(ctx, query)
	if err != nil {
		t.Fatal(err)
	}
	if mac := found.Ipconfigs["eth0"].Mac; mac != attached.Ipconfigs["eth0"].Mac {
		t.Errorf("the MAC was %s and is %s", attached.Ipconfigs["eth0"].Mac, mac)
	}

	if _, err := client.DetachInterface(ctx, &kni.DetachInterfaceRequest{Id: "sandbox-web", Extradata: uid}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteNetwork(ctx, &kni.DeleteNetworkRequest{Id: "sandbox-web", Extradata: uid}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.QueryPodNetwork(ctx, query); status.Code(err) != codes.NotFound {
		t.Errorf("a deleted pod is %v", err)
	}
	if _, err := os.Stat(created.NetnsPath); !os.IsNotExist(err) {
		t.Errorf("the netns is left: %v", err)
	}
	links, err := netlink.LinkList()
	for _, link := range links {
		if link.Type() == "veth" {
			t.Errorf("interface %s is left", link.Attrs().Name)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// logOf returns what is logged meanwhile.
func logOf(t *testing.T, work func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = write
	work()
	os.Stdout = stdout
	write.Close()
	text, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLogNamesThePodThatWasDeleted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, stop := startRuntime(t, t.TempDir())
	defer stop()
	for _, uid := range []string{"uid-old", "uid-new"} {
		if _, err := client.CreateNetwork(ctx, &kni.CreateNetworkRequest{Namespace: "default", Name: "web", Uid: uid}); err != nil {
			t.Fatal(err)
		}
	}
	// The name alone means the newest pod.
	logged := logOf(t, func() {
		if _, err := client.DeleteNetwork(ctx, &kni.DeleteNetworkRequest{Namespace: "default", Name: "web"}); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.Contains(logged, `"uid":"uid-new"`) || strings.Contains(logged, "uid-old") {
		t.Errorf("logged: %s", logged)
	}
	if _, err := client.DeleteNetwork(ctx, &kni.DeleteNetworkRequest{Namespace: "default", Name: "web"}); err != nil {
		t.Fatal(err)
	}
}

func TestUnreadableRecordIsPutAside(t *testing.T) {
	dir := t.TempDir()
	store, err := openStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer store.close()
	file := filepath.Join(dir, "pods", "web.json")
	if err := os.WriteFile(file, []byte(`{"Key": "web", "Sandbox": {"id": "of another version"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	logged := logOf(t, func() {
		if err := store.read(func(record pod) { t.Errorf("took %+v", record) }); err != nil {
			t.Fatal(err)
		}
	})
	if !strings.Contains(logged, "Sandbox of type string") {
		t.Errorf("logged: %s", logged)
	}
	if _, err := os.Stat(file + ".unreadable"); err != nil {
		t.Error(err)
	}
}

func TestPoolGivesAnAddressLateAgain(t *testing.T) {
	small, err := newPool([]netip.Prefix{netip.MustParsePrefix("10.99.0.0/29")}) // .2 to .6 are for pods
	if err != nil {
		t.Fatal(err)
	}
	first, _ := small.take()
	small.release(first)
	for i := 0; i < 5; i++ {
		taken, err := small.take()
		if err != nil {
			t.Fatal(err)
		}
		if isFirst := taken[0] == first[0]; isFirst != (i == 4) {
			t.Errorf("address %d is %s", i, taken[0])
		}
	}
	if _, err := small.take(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a full pool answers %v", err)
	}
	if reason := small.trouble()["reason"]; reason != "AddressPoolExhausted" {
		t.Errorf("the reason is %q", reason)
	}
}

func TestInvalidNamesAreRefused(t *testing.T) {
	for _, id := range []identity{{name: "../x"}, {namespace: "a/b"}, {uid: "../x"}, {sandbox: "a b"}, {attempt: "-1"}, {netns: "../x"},
		{netns: "/run/netns/../x"}} {
		if status.Code(id.validate()) != codes.InvalidArgument {
			t.Errorf("%+v is accepted", id)
		}
	}
}
