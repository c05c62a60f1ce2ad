package kni

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// releaseWorkers is more than one so that one pod whose plugins hang does not hold up the others.
const releaseWorkers = 4

// releaseQueue goes on releasing networks whose release has failed or was never tried. The kubelet alone would not try
// again before its next garbage collection, and never where there is no sandbox to collect.
type releaseQueue struct {
	kni     *client
	starts  *startStore
	queue   workqueue.RateLimitingInterface
	mutex   sync.Mutex
	pending map[string]*pendingRelease
}

type pendingRelease struct {
	// mutex makes finish wait for a release under way.
	mutex   sync.Mutex
	network *podNetwork
	// err is why it was left.
	err  error
	done bool
}

func newReleaseQueue(kni *client, starts *startStore, retry workqueue.RateLimiter) *releaseQueue {
	return &releaseQueue{
		kni:     kni,
		starts:  starts,
		queue:   workqueue.NewRateLimitingQueue(retry),
		pending: map[string]*pendingRelease{},
	}
}

// add takes over a network that is left because of err.
func (q *releaseQueue) add(network *podNetwork, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if _, found := q.pending[network.key()]; found {
		return
	}
	klog.Warningf("Network of %v is still there, releasing it in the background: %v", network, err)
	q.pending[network.key()] = &pendingRelease{network: network, err: err}
	q.queue.AddRateLimited(network.key())
}

// finish does what is still to be done for the key.
func (q *releaseQueue) finish(key string) error {
	q.mutex.Lock()
	release := q.pending[key]
	q.mutex.Unlock()
	if release == nil {
		return nil
	}

	release.mutex.Lock()
	defer release.mutex.Unlock()
	if release.done {
		return nil
	}
	if err := q.kni.release(release.network); err != nil {
		return err
	}
	release.done = true
	q.starts.forget(release.network)
	q.forget(release.network)
	return nil
}

// forget is for a network that has been released. Under its key there may be another one: that of a start which was
// interrupted, or of the same sandbox's next attempt.
func (q *releaseQueue) forget(network *podNetwork) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.isPending(network) {
		delete(q.pending, network.key())
	}
}

// pendingError says that the network is still to be released, and why. Whoever tries it besides only waits for the same.
func (q *releaseQueue) pendingError(network *podNetwork) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if !q.isPending(network) {
		return nil
	}
	return fmt.Errorf("the network is being released in the background: %w", q.pending[network.key()].err)
}

func (q *releaseQueue) isPending(network *podNetwork) bool {
	release := q.pending[network.key()]
	return release != nil && release.network.sandboxID == network.sandboxID
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
	if err := q.finish(key.(string)); err != nil {
		q.queue.AddRateLimited(key)
		return true
	}
	q.queue.Forget(key)
	return true
}
