package kni

// StopPodSandbox stops the sandbox whatever the network runtime says: pods must not stay behind because it is down.
func (s *runtimeService) StopPodSandbox(podSandboxID string) error {
	network, err := s.networkOf(podSandboxID)
	if err != nil || network == nil {
		return s.RuntimeService.StopPodSandbox(podSandboxID)
	}
	_, err = s.stop(network)
	return err
}

// RemovePodSandbox fails until the network is released, because the sandbox is all that reminds a restarted kubelet of
// it.
func (s *runtimeService) RemovePodSandbox(podSandboxID string) error {
	network, err := s.networkOf(podSandboxID)
	if err != nil {
		return err
	}
	if network != nil {
		if err := s.kni.release(network); err != nil {
			return err
		}
		s.releases.forget(network.key())
	}
	if err := s.RuntimeService.RemovePodSandbox(podSandboxID); err != nil {
		return err
	}
	s.addresses.forget(podSandboxID)
	return nil
}

// stop detaches, stops the sandbox and deletes the network. It tells whether the network is released; when it is not,
// the release goes on in the background. Only the failure of the container runtime is an error.
func (s *runtimeService) stop(network *podNetwork) (released bool, err error) {
	releaseErr := s.kni.detach(network)
	if err := s.RuntimeService.StopPodSandbox(network.sandboxID); err != nil {
		return false, err
	}
	if releaseErr == nil {
		releaseErr = s.kni.delete(network)
	}
	if releaseErr != nil {
		s.releases.add(network, releaseErr)
		return false, nil
	}
	s.releases.forget(network.key())
	return true, nil
}
