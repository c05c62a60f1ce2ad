package kni

// pendingRelease is a network whose release failed.
type pendingRelease struct {
	network *podNetwork
	// busy holds one entry while an attempt is in progress.
	busy chan struct{}
	// The mutex of the queue guards the following fields.

	// err is the error of the last attempt.
	err  error
	done bool
	// removalRequested is true if the kubelet asked to remove the sandbox.
	removalRequested bool
}

// forget reports whether the sandbox must be removed.
func (q *releaseQueue) forget(network *podNetwork) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	release := q.pending[network.key()]
	if release == nil {
		return false
	}
	release.done = true
	delete(q.pending, network.key())
	return release.removalRequested
}

func (q *releaseQueue) isDone(release *pendingRelease) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return release.done
}

func (q *releaseQueue) setError(release *pendingRelease, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	release.err = err
}

// lastError returns nil for a released network.
func (q *releaseQueue) lastError(release *pendingRelease) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if release.done {
		return nil
	}
	return release.err
}

func (q *releaseQueue) pendingWith(key string) *pendingRelease {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return q.pending[key]
}

func (q *releaseQueue) pendingOfPod(uid string) []*pendingRelease {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	var releases []*pendingRelease
	for _, release := range q.pending {
		if release.network.uid == uid {
			releases = append(releases, release)
		}
	}
	return releases
}
