package kni

import (
	"reflect"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for background work. It does not measure speed.
const patience = 20 * time.Second

// journal records the calls to both runtimes in their order.
type journal struct {
	mutex   sync.Mutex
	entries []string
	changed chan struct{}
}

func newJournal() *journal {
	return &journal{changed: make(chan struct{})}
}

func (j *journal) add(entry string) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.entries = append(j.entries, entry)
	close(j.changed)
	j.changed = make(chan struct{})
}

// take returns all entries and empties the journal.
func (j *journal) take() []string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	entries := j.entries
	j.entries = nil
	return entries
}

func (j *journal) expect(t *testing.T, expected ...string) {
	t.Helper()
	if entries := j.take(); !(len(entries) == 0 && len(expected) == 0) && !reflect.DeepEqual(entries, expected) {
		t.Errorf("calls were\n%q, expected\n%q", entries, expected)
	}
}

// waitFor waits until the journal has the entry count times.
func (j *journal) waitFor(t *testing.T, entry string, count int) {
	t.Helper()
	deadline := time.After(patience)
	for {
		j.mutex.Lock()
		found := 0
		for _, e := range j.entries {
			if e == entry {
				found++
			}
		}
		changed := j.changed
		j.mutex.Unlock()
		if found >= count {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%q occurred %d times, expected %d", entry, found, count)
		}
	}
}
