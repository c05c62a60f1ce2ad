// A network runtime for KNI: a veth pair connects each pod to a bridge, with an address of its node. See README.md.
package main

import (
	"context"
	"net/netip"
	"os"
	"runtime"
	"sync/atomic"

	"example.com/kni-runtime/kni"
)

// Named as in kni-demo's own runtime. Only one of the two runs on a node, and both find the bridge of the other.
const bridge = "kni0"

type service struct {
	kni.UnimplementedKNIServer
	node *node
	pods *pods
	// Nil until the node has a podCIDR. Until then calls about pods fail with UNAVAILABLE.
	pool atomic.Pointer[pool]
}

func (s *service) CreateNetwork(_ context.Context, request *kni.CreateNetworkRequest) (*kni.CreateNetworkResponse, error) {
	pod, err := s.pods.create(request) // before the netns: whatever happens next, DeleteNetwork finds it
	if err != nil {
		return nil, err
	}
	if err := createNetns(pod.Netns); err != nil {
		return nil, err
	}
	return &kni.CreateNetworkResponse{NetnsPath: pod.Netns}, nil
}

func (s *service) AttachInterface(_ context.Context, request *kni.AttachInterfaceRequest) (*kni.AttachInterfaceResponse, error) {
	pod, err := s.pods.toAttach(request)
	if err != nil {
		return nil, err
	}
	if pod.State != attached { // otherwise the kubelet did not get the first answer
		if pod, err = s.connect(pod, request.Id); err != nil {
			return nil, err
		}
	}
	return &kni.AttachInterfaceResponse{Ipconfigs: pod.ipconfigs(), Extradata: map[string]string{"netns": pod.Netns}}, nil
}

func (s *service) QueryPodNetwork(_ context.Context, request *kni.QueryPodNetworkRequest) (*kni.QueryPodNetworkResponse, error) {
	pod, err := s.pods.attached(request)
	if err != nil {
		return nil, err
	}
	return &kni.QueryPodNetworkResponse{Ipconfigs: pod.ipconfigs(), Extradata: map[string]string{"netns": pod.Netns}}, nil
}

func (s *service) DetachInterface(_ context.Context, request *kni.DetachInterfaceRequest) (*kni.DetachInterfaceResponse, error) {
	if pod, found := s.pods.toRemove(request); found && pod.Addresses != nil {
		if err := s.disconnect(pod, detached, s.pool.Load()); err != nil {
			return nil, err
		}
	}
	return &kni.DetachInterfaceResponse{}, nil
}

func (s *service) DeleteNetwork(_ context.Context, request *kni.DeleteNetworkRequest) (*kni.DeleteNetworkResponse, error) {
	if pod, found := s.pods.toRemove(request); found {
		if err := s.remove(pod, s.pool.Load()); err != nil {
			return nil, err
		}
	}
	return &kni.DeleteNetworkResponse{}, nil
}

func (s *service) SetupNodeNetwork(context.Context, *kni.SetupNodeNetworkRequest) (*kni.SetupNodeNetworkResponse, error) {
	if err := ensureBridge(bridge, s.pool.Load().gateways()); err != nil {
		return nil, err
	}
	return &kni.SetupNodeNetworkResponse{}, s.node.connect()
}

func (s *service) QueryNodeNetworks(context.Context, *kni.QueryNodeNetworksRequest) (*kni.QueryNodeNetworksResponse, error) {
	network := &kni.Network{Name: "bridge", Ready: true}
	if trouble := s.trouble(); trouble != nil {
		network.Ready, network.Extradata = false, trouble
	}
	return &kni.QueryNodeNetworksResponse{Networks: []*kni.Network{network}}, nil
}

// connect takes addresses for the pod, creates its interface, and undoes all of it if a step fails.
func (s *service) connect(pod pod, sandbox string) (pod, error) {
	pool := s.pool.Load()
	pod.Sandbox, pod.State = sandbox, attaching
	isInterrupted := pod.Addresses != nil // a crash has interrupted an earlier call
	if !isInterrupted {
		addresses, err := pool.take()
		if err != nil {
			return pod, err
		}
		pod.Addresses = addresses
	}
	if err := s.pods.write(pod); err != nil {
		if !isInterrupted {
			pool.release(pod.Addresses)
		}
		return pod, err
	}
	var err error
	pod.MAC, err = addVeth(veth{netns: pod.Netns, name: "eth0", hostName: vethNameOf(pod.Key), bridge: bridge,
		addresses: pod.Addresses, gateways: pool.gateways(), mtu: s.node.mtu()})
	if err == nil {
		pod.State = attached
		err = s.pods.write(pod)
	}
	if err != nil {
		if undone := s.disconnect(pod, created, pool); undone != nil {
			logError("cannot undo AttachInterface", fields{"pod": pod.fullName(), "error": undone.Error()})
		}
	}
	return pod, err
}

// disconnect undoes connect, completely or in part.
func (s *service) disconnect(pod pod, state podState, pool *pool) error {
	if err := removeLink(vethNameOf(pod.Key)); err != nil {
		return err
	}
	addresses := pod.Addresses
	pod.State, pod.Addresses, pod.MAC = state, nil, ""
	if err := s.pods.write(pod); err != nil {
		return err
	}
	pool.release(addresses)
	return nil
}

// remove writes nothing, so that pods can be deleted while the disk is full. Until the record is gone, the addresses are taken.
func (s *service) remove(pod pod, pool *pool) error {
	if err := removeLink(vethNameOf(pod.Key)); err != nil {
		return err
	}
	if err := removeNetns(pod.Netns); err != nil {
		return err
	}
	if err := s.pods.remove(pod); err != nil {
		return err
	}
	pool.release(pod.Addresses)
	return nil
}

// trouble returns why no pod can be attached now: nil if one can.
func (s *service) trouble() map[string]string {
	if trouble := s.node.trouble(); trouble != nil {
		return trouble
	}
	if pool := s.pool.Load(); pool != nil {
		return pool.trouble()
	}
	return setupFailed
}

// open prepares the node for pods as soon as its podCIDRs are known. After a restart of the runtime the pods keep their addresses.
// After a restart of the node their netns are gone, and so is all that was in them.
func (s *service) open(podCIDRs []netip.Prefix) error {
	pool, err := newPool(podCIDRs)
	if err != nil {
		return err
	}
	for _, pod := range s.pods.all() {
		pool.reserve(pod.Addresses)
		exists, err := isNetns(pod.Netns)
		if err == nil && !exists {
			err = s.remove(pod, pool)
		}
		if err != nil {
			return err
		}
	}
	if err := ensureBridge(bridge, pool.gateways()); err != nil {
		return err
	}
	s.pool.Store(pool)
	return nil
}

// newService reads what a former process has written. It opens the node at once if its podCIDRs are known.
func newService(settings settings) (*service, error) {
	s := &service{node: openNode(settings)}
	var err error
	if s.pods, err = openPods(settings); err != nil {
		return nil, err
	}
	if cidrs := s.node.podCIDRs(); len(cidrs) > 0 {
		if err := s.open(cidrs); err != nil {
			return nil, err
		}
		s.node.connect()
	}
	return s, nil
}

func start() error {
	settings, err := readSettings()
	if err != nil {
		return err
	}
	s, err := newService(settings)
	if err != nil {
		return err
	}
	go s.node.follow(s.open, s.pool.Load() != nil)
	return serve(settings.socket, s)
}

// The main thread must never enter the netns of a pod: it cannot end, and would keep the netns after the pod. See inNetns.
func init() { runtime.LockOSThread() }

func main() {
	if err := start(); err != nil {
		logError("cannot run", fields{"error": err.Error()})
		os.Exit(1)
	}
}
