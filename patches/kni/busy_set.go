package kni

import "sync"

// busySet counts the calls in progress for each key.
type busySet struct {
	mutex sync.Mutex
	calls map[string]int
}

// add reports whether this is the only call for the key.
func (b *busySet) add(key string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.calls == nil {
		b.calls = map[string]int{}
	}
	b.calls[key]++
	return b.calls[key] == 1
}

// remove must be called once per add, regardless of its result.
func (b *busySet) remove(key string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.calls[key]--
	if b.calls[key] == 0 {
		delete(b.calls, key)
	}
}

func (b *busySet) has(key string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.calls[key] > 0
}
