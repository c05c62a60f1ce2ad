package kni

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// fakeNetworkRuntime serves KNI on a socket as kni.proto describes, unless a test makes it fail.
type fakeNetworkRuntime struct {
	socket string
	// journal has the calls about pods. nodeJournal has the calls about the node, which come in the background.
	journal     *journal
	nodeJournal *journal
	server      *grpc.Server

	mutex     sync.Mutex
	serial    int
	networks  []*fakeNetwork
	node      []*api.Network
	ipconfigs map[string]*api.IPConfig
	netnsDir  string
	requests  map[string][]proto.Message
	authority []string
	failures  map[string][]error
	hooks     map[string]func()
	// healed ends all calls that hang.
	healed chan struct{}
}

type fakeNetwork struct {
	netnsPath, key, id string
	attached           bool
}

// always is the number of failures for a method that never recovers.
const always = 1 << 20

func newFakeNetworkRuntime(socket string, journal *journal) *fakeNetworkRuntime {
	return &fakeNetworkRuntime{
		socket:      socket,
		journal:     journal,
		nodeJournal: newJournal(),
		node:        []*api.Network{{Name: "kni", Ready: true}},
		ipconfigs: map[string]*api.IPConfig{
			"eth0": {Ip: []string{"10.244.1.2"}, Mac: "02:00:00:00:00:01"},
			"lo":   {Ip: []string{"127.0.0.1", "::1"}},
		},
		netnsDir: "/run/netns/",
		requests: map[string][]proto.Message{},
		failures: map[string][]error{},
		hooks:    map[string]func(){},
		healed:   make(chan struct{}),
	}
}

func (f *fakeNetworkRuntime) start(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	// A server that is stopped before it serves would remove the socket of the next one.
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	f.server = grpc.NewServer()
	f.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "kni.KNI",
		HandlerType: (*interface{})(nil),
		Methods: []grpc.MethodDesc{
			method("CreateNetwork", func() proto.Message { return &api.CreateNetworkRequest{} }),
			method("AttachInterface", func() proto.Message { return &api.AttachInterfaceRequest{} }),
			method("QueryPodNetwork", func() proto.Message { return &api.QueryPodNetworkRequest{} }),
			method("DetachInterface", func() proto.Message { return &api.DetachInterfaceRequest{} }),
			method("DeleteNetwork", func() proto.Message { return &api.DeleteNetworkRequest{} }),
			method("SetupNodeNetwork", func() proto.Message { return &api.SetupNodeNetworkRequest{} }),
			method("QueryNodeNetworks", func() proto.Message { return &api.QueryNodeNetworksRequest{} }),
		},
	}, f)
	go f.server.Serve(listener)
}

func (f *fakeNetworkRuntime) stop() {
	f.server.Stop()
	os.Remove(f.socket)
}

func method(name string, newRequest func() proto.Message) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(f interface{}, ctx context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
			request := newRequest()
			if err := decode(request); err != nil {
				return nil, err
			}
			return f.(*fakeNetworkRuntime).serve(ctx, name, request)
		},
	}
}

func (f *fakeNetworkRuntime) serve(ctx context.Context, name string, request proto.Message) (proto.Message, error) {
	f.mutex.Lock()
	f.requests[name] = append(f.requests[name], request)
	headers, _ := metadata.FromIncomingContext(ctx)
	f.authority = headers.Get(":authority")
	hook := f.hooks[name]
	var failure error
	if failures := f.failures[name]; len(failures) > 0 {
		failure, f.failures[name] = failures[0], failures[1:]
	}
	f.mutex.Unlock()

	if name == "SetupNodeNetwork" || name == "QueryNodeNetworks" {
		f.nodeJournal.add(name)
	} else {
		f.journal.add("KNI " + name)
	}
	if hook != nil {
		hook()
	}
	if failure != nil {
		return nil, failure
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.answer(request)
}

func (f *fakeNetworkRuntime) answer(request proto.Message) (proto.Message, error) {
	switch r := request.(type) {
	case *api.CreateNetworkRequest:
		key := r.Uid + "/" + r.Extradata["attempt"]
		if n := f.find("", "", key); n != nil {
			return &api.CreateNetworkResponse{NetnsPath: n.netnsPath}, nil
		}
		f.serial++
		n := &fakeNetwork{netnsPath: f.netnsDir + fmt.Sprintf("kni-%s-%d", r.Uid, f.serial), key: key}
		f.networks = append(f.networks, n)
		if f.netnsDir == "" {
			return &api.CreateNetworkResponse{}, nil
		}
		return &api.CreateNetworkResponse{NetnsPath: n.netnsPath}, nil
	case *api.AttachInterfaceRequest:
		n := f.find("", r.Isolation.Path, "")
		if n == nil {
			return nil, status.Error(codes.NotFound, "no such netns")
		}
		n.id, n.attached = r.Id, true
		return &api.AttachInterfaceResponse{Ipconfigs: f.ipconfigs}, nil
	case *api.QueryPodNetworkRequest:
		n := f.find(r.Id, "", "")
		if n == nil {
			return nil, status.Error(codes.NotFound, "no such sandbox")
		}
		if !n.attached {
			return nil, status.Error(codes.FailedPrecondition, "not attached")
		}
		return &api.QueryPodNetworkResponse{Ipconfigs: f.ipconfigs}, nil
	case *api.DetachInterfaceRequest:
		if n := f.find(r.Id, "", ""); n != nil {
			n.attached = false
		}
		return &api.DetachInterfaceResponse{}, nil
	case *api.DeleteNetworkRequest:
		n := f.find(r.Id, r.NetnsPath, r.Extradata["uid"]+"/"+r.Extradata["attempt"])
		for i := range f.networks {
			if f.networks[i] == n {
				f.networks = append(f.networks[:i], f.networks[i+1:]...)
				break
			}
		}
		return &api.DeleteNetworkResponse{}, nil
	case *api.QueryNodeNetworksRequest:
		return &api.QueryNodeNetworksResponse{Networks: f.node}, nil
	default:
		return &api.SetupNodeNetworkResponse{}, nil
	}
}

// find uses the most precise identification in the request.
func (f *fakeNetworkRuntime) find(id, netnsPath, key string) *fakeNetwork {
	for _, n := range f.networks {
		if id != "" && n.id == id {
			return n
		}
	}
	for _, n := range f.networks {
		if netnsPath != "" && n.netnsPath == netnsPath || id == "" && netnsPath == "" && n.key == key {
			return n
		}
	}
	return nil
}

func (f *fakeNetworkRuntime) set(change func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	change()
}

// fail makes the next calls of a method fail, as many as times.
func (f *fakeNetworkRuntime) fail(name string, times int, err error) {
	f.set(func() {
		f.failures[name] = make([]error, times)
		for i := range f.failures[name] {
			f.failures[name][i] = err
		}
	})
}

func (f *fakeNetworkRuntime) heal() {
	f.set(func() {
		f.failures = map[string][]error{}
		f.hooks = map[string]func(){}
		close(f.healed)
		f.healed = make(chan struct{})
	})
}

// hang makes a method block until the runtime is healed, even after the caller timed out.
func (f *fakeNetworkRuntime) hang(name string) {
	f.set(func() {
		healed := f.healed
		f.hooks[name] = func() { <-healed }
	})
}

func (f *fakeNetworkRuntime) lastRequest(name string) proto.Message {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	requests := f.requests[name]
	if len(requests) == 0 {
		return nil
	}
	return requests[len(requests)-1]
}

func (f *fakeNetworkRuntime) count(name string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(f.requests[name])
}

func (f *fakeNetworkRuntime) leftover() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(f.networks)
}
