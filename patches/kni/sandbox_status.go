package kni

import (
	"errors"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/util/sets"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

var errStarting = errors.New("the network of the pod is being set up")

// PodSandboxStatus adds the addresses. The kubelet kills a ready sandbox without any, so that "none" is said only when
// the network runtime is sure of it.
func (s *runtimeService) PodSandboxStatus(podSandboxID string) (*runtimeapi.PodSandboxStatus, error) {
	sandbox, err := s.RuntimeService.PodSandboxStatus(podSandboxID)
	// The kubelet does not look at the addresses of a sandbox that is not ready, and must be able to delete it.
	if err != nil || sandbox.GetState() != runtimeapi.PodSandboxState_SANDBOX_READY {
		return sandbox, err
	}
	network := podNetworkOf(sandbox)
	if network == nil {
		return sandbox, nil
	}
	// A sandbox is ready before it is attached. Asked after its state, so that a sandbox made meanwhile is known here.
	if s.starting.has(network.uid) {
		return nil, errStarting
	}
	ips, err := s.podIPs(network)
	if err != nil {
		return nil, err
	}
	withIPs := *sandbox
	withIPs.Network = networkStatusFrom(ips)
	return &withIPs, nil
}

// podIPs is empty when the sandbox has no network, and the last known addresses when that cannot be told.
func (s *runtimeService) podIPs(network *podNetwork) ([]string, error) {
	ips, err := s.kni.query(network)
	if err == nil {
		s.addresses.remember(network.sandboxID, ips)
		return ips, nil
	}
	switch status.Code(err) {
	// Failed precondition: not attached. This kubelet is not attaching it either. An attach that was under way when the
	// kubelet restarted may still succeed, but nobody waits for it any more: the sandbox is made anew.
	case codes.NotFound, codes.FailedPrecondition:
		s.addresses.forget(network.sandboxID)
		return nil, nil
	}
	if ips := s.addresses.lastKnown(network.sandboxID); len(ips) > 0 {
		return ips, nil
	}
	return nil, err
}

func networkStatusFrom(ips []string) *runtimeapi.PodSandboxNetworkStatus {
	network := &runtimeapi.PodSandboxNetworkStatus{}
	for i, ip := range ips {
		if i == 0 {
			network.Ip = ip
			continue
		}
		network.AdditionalIps = append(network.AdditionalIps, &runtimeapi.PodIP{Ip: ip})
	}
	return network
}

// podSet holds the uids of the pods that are in RunPodSandbox.
type podSet struct {
	mutex sync.Mutex
	uids  sets.String
}

func (p *podSet) add(uid string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.uids == nil {
		p.uids = sets.String{}
	}
	p.uids.Insert(uid)
}

func (p *podSet) remove(uid string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.uids.Delete(uid)
}

func (p *podSet) has(uid string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.uids.Has(uid)
}
