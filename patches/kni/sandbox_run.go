package kni

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
	"k8s.io/klog/v2"
)

// RunPodSandbox makes the netns, the sandbox in it, and then the interfaces. A failure undoes what went before.
func (s *runtimeService) RunPodSandbox(config *runtimeapi.PodSandboxConfig, runtimeHandler string) (string, error) {
	if usesNodeNetwork(config) {
		return s.RuntimeService.RunPodSandbox(config, runtimeHandler)
	}
	network := newPodNetwork(config.GetMetadata(), config.GetLabels(), config.GetAnnotations())
	s.starting.add(network.uid)
	defer s.starting.remove(network.uid)

	// After an undone attempt the next one has the same number: a late release of the old network would hit the new one.
	if err := s.releases.finish(network.key()); err != nil {
		return "", err
	}

	netnsPath, err := s.kni.create(network)
	if err != nil {
		s.undoUncertainCreate(network, err)
		return "", err
	}
	network.netnsPath = netnsPath

	sandboxID, err := s.RuntimeService.RunPodSandbox(withNetns(config, netnsPath), runtimeHandler)
	if err != nil {
		s.undoCreate(network)
		return "", err
	}
	network.sandboxID = sandboxID

	ips, err := s.kni.attach(network, config)
	if err != nil {
		s.undoRun(network)
		return "", err
	}
	s.addresses.remember(sandboxID, ips)
	return sandboxID, nil
}

// undoUncertainCreate is for a netns that may exist although the call failed. Nobody would know of it, should the pod be
// deleted now. It is not worth waiting for.
func (s *runtimeService) undoUncertainCreate(network *podNetwork, err error) {
	switch status.Code(err) {
	case codes.DeadlineExceeded, codes.Unavailable, codes.Unknown:
		s.releases.add(network, err)
	}
}

func (s *runtimeService) undoCreate(network *podNetwork) {
	if err := s.kni.release(network); err != nil {
		s.releases.add(network, err)
	}
}

// undoRun removes the sandbox only when nothing of it is left. Otherwise the kubelet finds it, also after a restart, and
// stops and removes it until that succeeds.
func (s *runtimeService) undoRun(network *podNetwork) {
	released, err := s.stop(network)
	if err == nil && released {
		err = s.RuntimeService.RemovePodSandbox(network.sandboxID)
	}
	if err != nil {
		klog.Warningf("Failed to undo the sandbox of %v: %v", network, err)
	}
}

func usesNodeNetwork(config *runtimeapi.PodSandboxConfig) bool {
	return config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == runtimeapi.NamespaceMode_NODE
}
