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

// addressStore keeps the last known addresses of each sandbox, in memory and on disk. They are used while the network
// runtime does not answer: the kubelet kills a ready sandbox without an address, and it cannot delete a pod whose
// status is an error.
type addressStore struct {
	mutex sync.Mutex
	known map[string][]string
	// dir has one file per sandbox. The names of partly written files begin with tempPrefix.
	dir string
}

const tempPrefix = "."

func newAddressStore(dir string) *addressStore {
	makeStateDir(dir)
	return &addressStore{known: map[string][]string{}, dir: dir}
}

// remember writes the file only if the addresses changed. If the disk is full, the addresses are lost at the next
// restart.
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

// save replaces the file atomically and syncs it, so that it survives a power failure.
func (s *addressStore) save(sandboxID string, ips []string) error {
	data, err := json.Marshal(ips)
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, tempPrefix+sandboxID)
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

// lastKnown returns no addresses for an unknown sandbox.
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
		klog.Warningf("Failed to delete the addresses of pod sandbox %q: %v", sandboxID, err)
	}
}

// saved lists the sandboxes that have a file, and removes partly written files: none is being written while the lock is
// held.
func (s *addressStore) saved() ([]string, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	files, err := os.ReadDir(s.dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var sandboxIDs []string
	for _, file := range files {
		if strings.HasPrefix(file.Name(), tempPrefix) {
			os.Remove(s.path(file.Name()))
			continue
		}
		sandboxIDs = append(sandboxIDs, file.Name())
	}
	return sandboxIDs, err
}

// prune releases the networks of sandboxes that were removed without the kubelet, and then forgets them. The file is
// the only record of such a network. prune lists the existing sandboxes after its own files, because new sandboxes may
// appear in between.
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
