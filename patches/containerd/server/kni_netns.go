package server

import (
	"errors"
	"fmt"
	"path/filepath"

	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// netNSAnnotation names the network namespace of a sandbox. A network runtime creates, configures and removes it.
const netNSAnnotation = "kni.dev/netns"

var errAdoptInUserNS = errors.New("a pod with a user namespace cannot select its network namespace with " + netNSAnnotation)

// netNSToAdopt returns the path of the network namespace that the sandbox must use. The path is empty if containerd
// creates the namespace, as it does without KNI. The error texts are the same for all sandboxes, so that the kubelet
// aggregates its events.
func (c *criService) netNSToAdopt(config *runtime.PodSandboxConfig) (string, error) {
	path := config.GetAnnotations()[netNSAnnotation]
	if c.config.KNINetNSDir == "" || path == "" || usesNodeNetwork(config) {
		return "", nil
	}
	if usesUserNamespace(config) {
		return "", errAdoptInUserNS
	}
	// Only a direct child of the directory is safe: /proc/1/ns/net is a network namespace, too.
	if !filepath.IsAbs(path) || filepath.Clean(path) != path || filepath.Dir(path) != c.config.KNINetNSDir {
		return "", fmt.Errorf("the path in %s must be directly below %q", netNSAnnotation, c.config.KNINetNSDir)
	}
	if err := checkForeignNetNS(path); err != nil {
		return "", fmt.Errorf("the path in %s is not usable: %w", netNSAnnotation, err)
	}
	return path, nil
}

func usesNodeNetwork(config *runtime.PodSandboxConfig) bool {
	return config.GetLinux().GetSecurityContext().GetNamespaceOptions().GetNetwork() == runtime.NamespaceMode_NODE
}
