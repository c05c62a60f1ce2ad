package server

import runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

// usesUserNamespace finds pods that KNI cannot serve: the pod's user namespace must own its network namespace (see
// pinUserNamespace), and the node's user namespace owns an adopted one.
func usesUserNamespace(config *runtime.PodSandboxConfig) bool {
	options := config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetUsernsOptions()
	// POD is the zero value of the mode, so missing options have it, too.
	return options != nil && options.GetMode() == runtime.NamespaceMode_POD
}
