package kni

// netnsAnnotation tells the container runtime which netns the sandbox uses. It must never come from the pod: a user
// who can create a pod could then enter any netns of the node, including the node's own.
const netnsAnnotation = "kni.dev/netns"

// withoutNetns does not modify config, because its annotations are the map of the cached Pod.
func withoutNetns(config *podSandboxConfig) *podSandboxConfig {
	if _, found := config.GetAnnotations()[netnsAnnotation]; !found {
		return config
	}
	stripped := copyOfConfig(config)
	stripped.Annotations = annotationsWithoutNetns(config.GetAnnotations())
	return stripped
}

// withNetns returns a copy of config for the same reason.
func withNetns(config *podSandboxConfig, netnsPath string) *podSandboxConfig {
	annotated := copyOfConfig(config)
	annotated.Annotations = annotationsWithoutNetns(config.GetAnnotations())
	annotated.Annotations[netnsAnnotation] = netnsPath
	return annotated
}

func annotationsWithoutNetns(annotations map[string]string) map[string]string {
	stripped := make(map[string]string, len(annotations)+1)
	for key, value := range annotations {
		if key != netnsAnnotation {
			stripped[key] = value
		}
	}
	return stripped
}
