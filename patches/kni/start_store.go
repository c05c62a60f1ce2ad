package kni

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/klog/v2"
)

// startStore records on disk the networks whose sandboxes are being created. Until the sandbox exists, this record is
// the only way for a restarted kubelet to know the netns.
//
// A recorded network has no interfaces yet. So it can be released at any time, whether or not the sandbox exists.
type startStore struct {
	dir string
}

// start is the content of a record. It identifies a network without a sandbox.
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

// makeStateDir only warns, because without a kubelet nothing evicts pods from a full disk.
func makeStateDir(dir string) {
	if err := os.MkdirAll(dir, 0700); err != nil {
		klog.Warningf("The state of pod networks will not survive a restart of the kubelet: %v", err)
	}
}

// add must come before CreateNetwork. A partly written record does no harm: either the kubelet was killed before the
// call, or a power failure removed the netns, too. A failed write matters only if the kubelet is then killed.
func (s *startStore) add(n *podNetwork) {
	data, err := json.Marshal(start{Name: n.name, Namespace: n.namespace, UID: n.uid, Attempt: n.attempt})
	if err == nil {
		err = os.WriteFile(s.path(n), data, 0600)
	}
	if err != nil {
		klog.Warningf("Failed to write the start record of %v: %v", n, err)
	}
}

// remove deletes the record of a network that has a sandbox.
func (s *startStore) remove(n *podNetwork) error {
	if err := os.Remove(s.path(n)); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// forget deletes the record of a released network. If that fails, the next kubelet releases the network again.
func (s *startStore) forget(n *podNetwork) {
	if err := s.remove(n); err != nil {
		klog.Warningf("Failed to delete the start record of %v: %v", n, err)
	}
}

func (s *startStore) path(n *podNetwork) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s_%d", n.uid, n.attempt))
}

// interrupted returns the networks for which an earlier kubelet did not create a sandbox.
func (s *startStore) interrupted() []*podNetwork {
	files, err := os.ReadDir(s.dir)
	if err != nil && !os.IsNotExist(err) {
		klog.Warningf("Failed to list the start records: %v", err)
	}
	var networks []*podNetwork
	for _, file := range files {
		path := filepath.Join(s.dir, file.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			klog.Warningf("Failed to read a start record: %v", err)
			continue
		}
		var found start
		if err := json.Unmarshal(data, &found); err != nil {
			klog.Warningf("Ignoring unreadable start record %s: %v", path, err)
			os.Remove(path)
			continue
		}
		networks = append(networks, &podNetwork{name: found.Name, namespace: found.Namespace, uid: found.UID, attempt: found.Attempt})
	}
	return networks
}
