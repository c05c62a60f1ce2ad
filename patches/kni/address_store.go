package kni

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"

	"k8s.io/kubernetes/pkg/kubelet/util/store"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"
)

// addressStore keeps the last known addresses by sandbox id, in memory and on disk, for the time when the network
// runtime cannot be asked: a ready sandbox without address would be killed, and one with an error could not be deleted.
type addressStore struct {
	mutex sync.Mutex
	known map[string][]string
	files store.Store
}

func newAddressStore(dir string) (*addressStore, error) {
	files, err := store.NewFileStore(dir, utilfs.DefaultFs{})
	if err != nil {
		return nil, err
	}
	return &addressStore{known: map[string][]string{}, files: files}, nil
}

// remember writes only what is new. A disk that is full costs no more than the memory over a restart.
func (s *addressStore) remember(sandboxID string, ips []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if reflect.DeepEqual(s.load(sandboxID), ips) {
		return
	}
	s.known[sandboxID] = ips
	data, err := json.Marshal(ips)
	if err == nil {
		err = s.files.Write(sandboxID, data)
	}
	if err != nil {
		klog.Warningf("Failed to save the addresses of pod sandbox %q: %v", sandboxID, err)
	}
}

// lastKnown is empty when there is none.
func (s *addressStore) lastKnown(sandboxID string) []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.load(sandboxID)
}

func (s *addressStore) load(sandboxID string) []string {
	if ips, found := s.known[sandboxID]; found {
		return ips
	}
	data, err := s.files.Read(sandboxID)
	if err == store.ErrKeyNotFound {
		return nil
	}
	var ips []string
	if err == nil {
		err = json.Unmarshal(data, &ips)
	}
	if err != nil {
		klog.Warningf("Failed to load the addresses of pod sandbox %q: %v", sandboxID, err)
		return nil
	}
	s.known[sandboxID] = ips
	return ips
}

func (s *addressStore) forget(sandboxID string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.known, sandboxID)
	if err := s.files.Delete(sandboxID); err != nil {
		klog.Warningf("Failed to forget the addresses of pod sandbox %q: %v", sandboxID, err)
	}
}

// prune forgets sandboxes that were removed behind the kubelet's back, once their networks are released: its file is all
// that reminds of such a sandbox. It asks for the existing ones after having read its own list, because sandboxes are
// made meanwhile.
func (s *addressStore) prune(existing func() (sets.String, error), release func(sandboxID string) error) error {
	saved, err := s.files.List()
	if err != nil {
		return err
	}
	sandboxIDs, err := existing()
	if err != nil {
		return err
	}
	var failures []error
	for _, sandboxID := range saved {
		if sandboxIDs.Has(sandboxID) {
			continue
		}
		if err := release(sandboxID); err != nil {
			failures = append(failures, fmt.Errorf("pod sandbox %q: %v", sandboxID, err))
			continue
		}
		s.forget(sandboxID)
	}
	return utilerrors.NewAggregate(failures)
}
