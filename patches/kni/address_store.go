package kni

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/klog/v2"
)

// addressStore keeps the last known addresses by sandbox id, in memory and on disk, for the time when the network
// runtime cannot be asked: a ready sandbox without address would be killed, and one with an error could not be deleted.
type addressStore struct {
	mutex sync.Mutex
	known map[string][]string
	// dir has a file for each sandbox, and half-written ones whose names begin with unfinished.
	dir string
}

const unfinished = "."

func newAddressStore(dir string) *addressStore {
	makeStateDir(dir)
	return &addressStore{known: map[string][]string{}, dir: dir}
}

// remember writes only what is new. A disk that is full costs no more than the memory over a restart.
func (s *addressStore) remember(sandboxID string, ips []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if reflect.DeepEqual(s.load(sandboxID), ips) {
		return
	}
	s.known[sandboxID] = ips
	if err := s.save(sandboxID, ips); err != nil {
		klog.Warningf("Failed to save the addresses of pod sandbox %q: %v", sandboxID, err)
	}
}

// save replaces the file as a whole, also should the node lose its power.
func (s *addressStore) save(sandboxID string, ips []string) error {
	data, err := json.Marshal(ips)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, unfinished+sandboxID)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(path, s.path(sandboxID))
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

func (s *addressStore) path(sandboxID string) string {
	return filepath.Join(s.dir, sandboxID)
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
	data, err := os.ReadFile(s.path(sandboxID))
	if os.IsNotExist(err) {
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
	if err := os.Remove(s.path(sandboxID)); err != nil && !os.IsNotExist(err) {
		klog.Warningf("Failed to forget the addresses of pod sandbox %q: %v", sandboxID, err)
	}
}

// saved are the sandboxes that have a file. None is being written while the lock is held: what is unfinished is left over.
func (s *addressStore) saved() ([]string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	files, err := os.ReadDir(s.dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var sandboxIDs []string
	for _, file := range files {
		if strings.HasPrefix(file.Name(), unfinished) {
			os.Remove(s.path(file.Name()))
			continue
		}
		sandboxIDs = append(sandboxIDs, file.Name())
	}
	return sandboxIDs, err
}

// prune forgets sandboxes that were removed behind the kubelet's back, once their networks are released: its file is all
// that reminds of such a sandbox. It asks for the existing ones after having read its own list, because sandboxes are
// made meanwhile.
func (s *addressStore) prune(existing func() (sets.String, error), release func(sandboxID string) error) error {
	saved, err := s.saved()
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
