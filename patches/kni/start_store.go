package kni

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/klog/v2"
)

// startStore keeps on disk the networks whose sandboxes are still to be made. Until there is a sandbox, nothing else
// reminds a kubelet that has been restarted of the netns that it had asked for.
//
// What is in it has no interfaces. So it can be released at any time, whatever has become of the sandbox.
type startStore struct {
	dir string
}

// start is what is in a file: all that it takes to name a network without a sandbox.
type start struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	Attempt   uint32 `json:"attempt"`
}

func newStartStore(dir string) *startStore {
	makeStateDir(dir)
	return &startStore{dir: dir}
}

// makeStateDir only warns: without a kubelet nobody would make room on a disk that is full.
func makeStateDir(dir string) {
	if err := os.MkdirAll(dir, 0700); err != nil {
		klog.Warningf("Pod networks are not remembered over a restart: %v", err)
	}
}

// add comes before the network does. A kubelet that is killed while it writes has not asked for it yet, and a node that
// loses its power loses the netns too: half a file is no loss, and neither is a disk that is full while nobody is killed.
func (s *startStore) add(n *podNetwork) {
	data, err := json.Marshal(start{Name: n.name, Namespace: n.namespace, UID: n.uid, Attempt: n.attempt})
	if err == nil {
		err = os.WriteFile(s.path(n), data, 0600)
	}
	if err != nil {
		klog.Warningf("Failed to note that the sandbox of %v is to be made: %v", n, err)
	}
}

// remove is for a network that has a sandbox.
func (s *startStore) remove(n *podNetwork) error {
	if err := os.Remove(s.path(n)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// forget is for a network that is released. Should it fail, the next kubelet releases it once more.
func (s *startStore) forget(n *podNetwork) {
	if err := s.remove(n); err != nil {
		klog.Warningf("Failed to forget that the sandbox of %v was to be made: %v", n, err)
	}
}

func (s *startStore) path(n *podNetwork) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s_%d", n.uid, n.attempt))
}

// interrupted are the networks whose sandboxes an earlier kubelet did not come to make.
func (s *startStore) interrupted() []*podNetwork {
	files, err := os.ReadDir(s.dir)
	if err != nil && !os.IsNotExist(err) {
		klog.Warningf("Failed to look for pods whose sandboxes were to be made: %v", err)
	}
	var networks []*podNetwork
	for _, file := range files {
		path := filepath.Join(s.dir, file.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			klog.Warningf("Failed to read of which pod the sandbox was to be made: %v", err)
			continue
		}
		var found start
		if err := json.Unmarshal(data, &found); err != nil {
			klog.Warningf("Nobody knows of which pod the sandbox was to be made: %s: %v", path, err)
			os.Remove(path)
			continue
		}
		networks = append(networks, &podNetwork{name: found.Name, namespace: found.Namespace, uid: found.UID, attempt: found.Attempt})
	}
	return networks
}
