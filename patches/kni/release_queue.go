package kni

import (
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// releaseWorkers is more than one so that one pod whose plugins hang does not hold up the others.
const releaseWorkers = 4

// releaseQueue releases networks, and retries in the background what fails. The kubelet alone would not retry a deleted
// pod before its next garbage collection. Without a sandbox it would never retry.
type releaseQueue struct {
	kni    *client
	starts *startStore
	events *podEvents
	queue  workqueue.RateLimitingInterface
	// removeSandbox finishes a RemovePodSandbox that was refused because of a pending release.
	removeSandbox func(sandboxID string)
	// busyTimeout is how long a caller waits for an attempt that another one has begun.
	busyTimeout time.Duration
	mutex       sync.Mutex
	pending     map[string]*pendingRelease
}

type pendingRelease struct {
	network *podNetwork
	// busy holds one entry while an attempt runs.
	busy chan struct{}
	// The queue's mutex guards the following fields.

	// err is why the last attempt failed.
	err  error
	done bool
	// removalRequested says that the kubelet asked to remove the sandbox.
	removalRequested bool
}

func newReleaseQueue(kni *client, starts *startStore, events *podEvents, removeSandbox func(sandboxID string), o options) *releaseQueue {
	return &releaseQueue{
		kni:           kni,
		starts:        starts,
		events:        events,
		queue:         workqueue.NewRateLimitingQueue(o.releaseRetry),
		removeSandbox: removeSandbox,
		busyTimeout:   o.busyTimeout,
		pending:       map[string]*pendingRelease{},
	}
}

// isSilent tells a network runtime that is down or hangs from one whose plugins fail.
func isSilent(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// release releases the network of a sandbox, or of a start without one. What fails is retried in the background, too.
func (q *releaseQueue) release(network *podNetwork) error {
	if release := q.pendingWith(network.key()); release != nil {
		return q.retry(release)
	}
	if err := q.kni.release(network); err != nil {
		q.events.report(network, err)
		q.add(network, err)
		return err
	}
	q.finish(network)
	return nil
}

// releasePod releases what earlier sandboxes and starts of the pod have left. A pod with an unfinished cleanup gets no
// further network, or it would collect one with each attempt.
func (q *releaseQueue) releasePod(uid string) error {
	for _, release := range q.pendingOfPod(uid) {
		if err := q.retry(release); err != nil {
			return err
		}
	}
	return nil
}

// requestRemoval has the sandbox removed as soon as its network is released. It reports false if the network is
// released already.
func (q *releaseQueue) requestRemoval(network *podNetwork) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	release := q.pending[network.key()]
	if release == nil {
		return false
	}
	release.removalRequested = true
	return true
}

// add retries the release of the network in the background.
func (q *releaseQueue) add(network *podNetwork, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if _, found := q.pending[network.key()]; found {
		return
	}
	klog.Warningf("Network of %v is still there, retrying its release in the background: %v", network, err)
	q.pending[network.key()] = &pendingRelease{network: network, busy: make(chan struct{}, 1), err: err}
	q.queue.AddRateLimited(network.key())
}

// retry does not wait for a release that hangs. The kubelet stops and removes sandboxes one after the other: all would
// wait for one whose plugins hang.
func (q *releaseQueue) retry(release *pendingRelease) error {
	if err := q.lastError(release); status.Code(err) == codes.DeadlineExceeded {
		return err
	}
	return q.attempt(release)
}

// attempt releases the network unless another attempt does.
func (q *releaseQueue) attempt(release *pendingRelease) error {
	timeout := time.NewTimer(q.busyTimeout)
	defer timeout.Stop()
	select {
	case release.busy <- struct{}{}:
		defer func() { <-release.busy }()
	case <-timeout.C:
		return q.lastError(release)
	}

	if q.isDone(release) {
		return nil
	}
	if err := q.kni.release(release.network); err != nil {
		q.events.report(release.network, err)
		q.setError(release, err)
		return err
	}
	q.starts.forget(release.network)
	q.finish(release.network)
	return nil
}

// finish is for a network that has been released. It removes the sandbox if the kubelet has asked for that.
func (q *releaseQueue) finish(network *podNetwork) {
	if q.forget(network) {
		q.removeSandbox(network.sandboxID)
	}
}

// forget reports whether the sandbox is to be removed.
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

// lastError is nil for a network that has been released.
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

func (q *releaseQueue) run(stop <-chan struct{}) {
	for i := 0; i < releaseWorkers; i++ {
		go wait.Until(func() {
			for q.next() {
			}
		}, 0, stop)
	}
	<-stop
	q.queue.ShutDown()
}

func (q *releaseQueue) next() bool {
	key, shutdown := q.queue.Get()
	if shutdown {
		return false
	}
	defer q.queue.Done(key)
	if release := q.pendingWith(key.(string)); release != nil && q.attempt(release) != nil {
		q.queue.AddRateLimited(key)
		return true
	}
	q.queue.Forget(key)
	return true
}
