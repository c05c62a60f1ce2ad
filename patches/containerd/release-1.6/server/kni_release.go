package server

import runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

// usesUserNamespace is always false: containerd 1.6 has no user namespaces for pods.
func usesUserNamespace(*runtime.PodSandboxConfig) bool {
	return false
}
