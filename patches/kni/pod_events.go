package kni

import (
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/record"
)

// cleanupPending is the reason of the events.
const cleanupPending = "NetworkCleanupPending"

// maxReported limits the memory for reported events.
const maxReported = 1000

// maxCauses limits the events per pod, because errors of some plugins contain random names, such as the name of a veth.
const maxCauses = 5

// podEvents reports failed cleanups, which the kubelet itself does not report. It emits one event per pod and cause,
// because the kubelet allows 25 events per pod, and then one in 5 minutes.
type podEvents struct {
	// recorder is called late, because some releases of the kubelet set it after they create the CRI clients.
	recorder func() record.EventRecorder
	mutex    sync.Mutex
	// isRunning is true once the kubelet has set the recorder.
	isRunning bool
	waiting   []podEvent
	reported  map[podEvent]bool
	// causes counts reported by pod uid.
	causes map[string]int
	// order lists the reported events, oldest first.
	order []podEvent
}

type podEvent struct {
	namespace, name, uid, cause string
}

func newPodEvents(recorder func() record.EventRecorder) *podEvents {
	return &podEvents{recorder: recorder, reported: map[podEvent]bool{}, causes: map[string]int{}}
}

// kubeletRuns must be called at each call of the kubelet: the first one shows that the recorder is set. Earlier events
// wait for it.
func (e *podEvents) kubeletRuns() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.isRunning {
		return
	}
	e.isRunning = true
	for _, event := range e.waiting {
		e.emit(event)
	}
	e.waiting = nil
}

// report says why the network of a pod is not released yet.
func (e *podEvents) report(network *podNetwork, cause error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	event := podEvent{namespace: network.namespace, name: network.name, uid: network.uid, cause: cause.Error()}
	if e.reported[event] || e.causes[event.uid] == maxCauses {
		return
	}
	e.remember(event)
	if e.isRunning {
		e.emit(event)
	} else {
		e.waiting = append(e.waiting, event)
	}
}

func (e *podEvents) remember(event podEvent) {
	if len(e.order) == maxReported {
		e.forgetOldest()
	}
	e.reported[event] = true
	e.causes[event.uid]++
	e.order = append(e.order, event)
}

func (e *podEvents) forgetOldest() {
	oldest := e.order[0]
	e.order = e.order[1:]
	delete(e.reported, oldest)
	e.causes[oldest.uid]--
	if e.causes[oldest.uid] == 0 {
		delete(e.causes, oldest.uid)
	}
}

// emit does nothing in a kubelet without events, such as one without an API server.
func (e *podEvents) emit(event podEvent) {
	recorder := e.recorder()
	if recorder == nil {
		return
	}
	pod := &v1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: event.namespace, Name: event.name, UID: types.UID(event.uid)}
	recorder.Eventf(pod, v1.EventTypeWarning, cleanupPending, "The pod's network is not cleaned up yet, retrying in the background: %s", event.cause)
}
