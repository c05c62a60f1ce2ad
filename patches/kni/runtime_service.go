package kni

import (
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	internalapi "k8s.io/cri-api/pkg/apis"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"k8s.io/klog/v2"
)

// runtimeService has the container runtime make the sandboxes of pods, and the network runtime their networks.
type runtimeService struct {
	internalapi.RuntimeService
	kni       *client
	addresses *addressStore
	starting  *podSet
	releases  *releaseQueue
	node      *nodeSetup
}

func newRuntimeService(inner internalapi.RuntimeService, o options) (*runtimeService, error) {
	kni, err := newClient(o.endpoint, o.timeouts)
	if err != nil {
		return nil, err
	}
	addresses, err := newAddressStore(o.addressDir)
	if err != nil {
		return nil, err
	}
	s := &runtimeService{
		RuntimeService: inner,
		kni:            kni,
		addresses:      addresses,
		starting:       &podSet{},
		releases:       newReleaseQueue(kni, o.releaseRetry),
		node:           newNodeSetup(kni, o.setupInterval),
	}
	go s.releases.run(o.stop)
	go s.node.run(o.stop)
	go s.pruneSandboxes(o.pruneRetry, o.stop)
	return s, nil
}

// pruneSandboxes waits for both runtimes, which may start after the kubelet.
func (s *runtimeService) pruneSandboxes(retry time.Duration, stop <-chan struct{}) {
	err := wait.PollImmediateUntil(retry, func() (bool, error) {
		err := s.addresses.prune(s.sandboxIDs, s.kni.releaseSandbox)
		if err != nil {
			klog.Warningf("Failed to forget removed pod sandboxes, trying again in %v: %v", retry, err)
		}
		return err == nil, nil
	}, stop)
	if err != nil {
		klog.V(4).Infof("Stopped before removed pod sandboxes were forgotten: %v", err)
	}
}

func (s *runtimeService) sandboxIDs() (sets.String, error) {
	sandboxes, err := s.RuntimeService.ListPodSandbox(nil)
	if err != nil {
		return nil, err
	}
	ids := sets.NewString()
	for _, sandbox := range sandboxes {
		ids.Insert(sandbox.Id)
	}
	return ids, nil
}

// networkOf is nil for a sandbox that does not exist or has no network of ours. It asks for the list, because the status
// of a sandbox can fail for reasons that must not hinder its removal.
func (s *runtimeService) networkOf(sandboxID string) (*podNetwork, error) {
	sandboxes, err := s.RuntimeService.ListPodSandbox(&runtimeapi.PodSandboxFilter{Id: sandboxID})
	if err != nil {
		return nil, err
	}
	for _, sandbox := range sandboxes {
		if sandbox.Id == sandboxID {
			return podNetworkOf(sandbox), nil
		}
	}
	return nil, nil
}
