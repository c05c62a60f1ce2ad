package kni

import "sync"

// busySet holds keys for as long as somebody is at work for them.
type busySet struct {
	mutex   sync.Mutex
	workers map[string]int
}

// add tells whether nobody else is at work for the key.
func (b *busySet) add(key string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.workers == nil {
		b.workers = map[string]int{}
	}
	b.workers[key]++
	return b.workers[key] == 1
}

// remove is for each add, whatever it told.
func (b *busySet) remove(key string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.workers[key]--
	if b.workers[key] == 0 {
		delete(b.workers, key)
	}
}

func (b *busySet) has(key string) bool {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.workers[key] > 0
}
