package kni

import "testing"

func withoutKNI(o *options) { o.endpoint = "" }

// Otherwise a user who can create a pod could enter any netns of the node.
func TestNetnsAnnotationOfAPodNeverReachesTheContainerRuntime(t *testing.T) {
	for name, change := range map[string]func(*options){"KNI on": func(*options) {}, "KNI off": withoutKNI} {
		t.Run(name, func(t *testing.T) {
			for call, do := range map[string]func(*rig, *podSandboxConfig) *podSandboxConfig{
				"RunPodSandbox": func(r *rig, config *podSandboxConfig) *podSandboxConfig {
					r.RunPodSandbox(config, "")
					return r.cri.lastConfig
				},
				"RunPodSandbox with the node's network": func(r *rig, config *podSandboxConfig) *podSandboxConfig {
					config.Linux = hostNetworkConfig("web").Linux
					r.RunPodSandbox(config, "")
					return r.cri.lastConfig
				},
				"CreateContainer": func(r *rig, config *podSandboxConfig) *podSandboxConfig {
					r.CreateContainer("sandbox", config)
					return r.cri.lastConfig
				},
				"PullImage": func(r *rig, config *podSandboxConfig) *podSandboxConfig {
					r.PullImage(config)
					return r.images.lastConfig
				},
			} {
				t.Run(call, func(t *testing.T) {
					r := newRig(t, change)
					config := podConfig("web")
					passed := do(r, config)
					if passed == nil {
						t.Fatal("nothing was passed on")
					}
					if passed.Annotations[netnsAnnotation] == "/proc/1/ns/net" {
						t.Error("the pod's own annotation was passed on")
					}
					expectStrings(t, []string{passed.Annotations["note"], config.Annotations["note"], config.Annotations[netnsAnnotation]},
						"kept", "kept", "/proc/1/ns/net")
				})
			}
		})
	}
}

func TestWithoutKNIOnlyTheAnnotationIsRemoved(t *testing.T) {
	r := newRig(t, withoutKNI)
	r.cri.FakeStatus = containerRuntimeStatus()
	config := podConfig("web")
	config.Annotations = map[string]string{"note": "kept"}
	id, err := r.RunPodSandbox(config, "handler")
	if err != nil {
		t.Fatal(err)
	}
	if r.cri.lastConfig != config {
		t.Error("a configuration without the annotation was copied")
	}
	r.expectIPs(id, "192.168.192.168")
	if status, err := r.Status(); status != r.cri.FakeStatus || err != nil {
		t.Errorf("status is %v, error %v", status, err)
	}
	r.StopPodSandbox(id)
	r.RemovePodSandbox(id)
	r.journal.expect(t, "CRI RunPodSandbox", "CRI StopPodSandbox", "CRI RemovePodSandbox")
}

func TestPullImageWithoutPod(t *testing.T) {
	r := newRig(t)
	if image, err := r.PullImage(nil); image != "image" || err != nil {
		t.Errorf("image is %q, error %v", image, err)
	}
}
