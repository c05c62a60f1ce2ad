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

// releaseWorkers is more than one, so that one pod with plugins that hang does not block the others.
const releaseWorkers = 4

// releaseQueue releases networks, and retries failures in the background. The kubelet alone would retry the release for a
// deleted pod only at its next garbage collection, and for a network without a sandbox never.
type releaseQueue struct {
	kni    *client
	starts *startStore
	events *podEvents
	queue  workqueue.RateLimitingInterface
	// removeSandbox completes a RemovePodSandbox call that failed because of a pending release.
	removeSandbox func(sandboxID string)
	// busyTimeout is how long a caller waits for an attempt in progress.
	busyTimeout time.Duration
	mutex       sync.Mutex
	pending     map[string]*pendingRelease
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

// isSilent reports whether the network runtime is down or hangs. Otherwise it answers, but its plugins fail.
func isSilent(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// release releases the network of a sandbox, or of a start without a sandbox. It returns a failure, and also retries it in
// the background.
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

// releasePod releases the networks of earlier sandboxes and starts of the pod. A pod with a pending release gets no further
// network, otherwise each attempt would leave one more.
func (q *releaseQueue) releasePod(uid string) error {
	for _, release := range q.pendingOfPod(uid) {
		if err := q.retry(release); err != nil {
			return err
		}
	}
	return nil
}

// requestRemoval removes the sandbox as soon as its network is released. It returns false if the network is already
// released.
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
	klog.Warningf("Network of %v is not released yet, retrying in the background: %v", network, err)
	q.pending[network.key()] = &pendingRelease{network: network, busy: make(chan struct{}, 1), err: err}
	q.queue.AddRateLimited(network.key())
}

// retry does not repeat a release that timed out. The kubelet stops and removes sandboxes one after the other, so all of
// them would wait for the one with plugins that hang.
func (q *releaseQueue) retry(release *pendingRelease) error {
	if err := q.lastError(release); status.Code(err) == codes.DeadlineExceeded {
		return err
	}
	return q.attempt(release)
}

// attempt releases the network, unless another attempt is in progress.
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

// finish removes a released network from the queue, and its sandbox if the kubelet asked for that.
func (q *releaseQueue) finish(network *podNetwork) {
	if q.forget(network) {
		q.removeSandbox(network.sandboxID)
	}
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
