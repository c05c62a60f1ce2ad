// Package kni lets a network runtime create pod networks instead of the container runtime. The kubelet calls it over KNI.
//
// The package decorates the kubelet's two CRI clients, so that the kubelet itself does not change. The core is the same
// for all generations of CRI. An adapter for each generation implements its interfaces.
package kni

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	internalapi "k8s.io/cri-api/pkg/apis"
	"k8s.io/klog/v2"
)

// EndpointEnv is the environment variable with the socket of the network runtime, such as unix:///run/kni/kni.sock. If
// it is unset or empty, the container runtime sets up pod networks.
const EndpointEnv = "KNI_ENDPOINT"

// options are the values that tests change.
type options struct {
	endpoint string
	// stateDir keeps what only the kubelet knows, for its next start.
	stateDir string
	timeouts timeouts
	// setupInterval is the minimum time between two calls of SetupNodeNetwork.
	setupInterval time.Duration
	// silence is how long a ready node stays ready while the network runtime does not answer. The kubelet allows the
	// container runtime 30 s.
	silence      time.Duration
	releaseRetry workqueue.RateLimiter
	// busyTimeout is how long a call waits for a release in progress.
	busyTimeout time.Duration
	// pruneRetry is the time between attempts to prune removed sandboxes.
	pruneRetry time.Duration
	// pruneInterval is the time from a successful prune to the next one.
	pruneInterval time.Duration
	// recorder returns nil if the kubelet emits no events.
	recorder func() record.EventRecorder
	stop     <-chan struct{}
}

// defaultOptions use the default root directory, because the kubelet's own one is not known where the CRI clients are
// created.
func defaultOptions(endpoint string, recorder func() record.EventRecorder) options {
	return options{
		endpoint:      endpoint,
		stateDir:      "/var/lib/kubelet/kni",
		timeouts:      defaultTimeouts,
		setupInterval: 30 * time.Second,
		silence:       20 * time.Second,
		releaseRetry:  workqueue.NewItemExponentialFailureRateLimiter(time.Second, 30*time.Second),
		busyTimeout:   2 * time.Second,
		pruneRetry:    time.Minute,
		pruneInterval: 5 * time.Minute,
		recorder:      recorder,
		stop:          wait.NeverStop,
	}
}

// Decorate wraps the CRI clients so that the network runtime at endpoint creates pod networks. With an empty endpoint
// the container runtime creates them. In both cases the clients remove a pod's own netns annotation. The recorder is
// not requested before the kubelet's first call, because some releases set it after they create the clients.
func Decorate(runtime internalapi.RuntimeService, images internalapi.ImageManagerService, endpoint string, recorder func() record.EventRecorder) (internalapi.RuntimeService, internalapi.ImageManagerService, error) {
	return decorate(runtime, images, defaultOptions(endpoint, recorder))
}

func decorate(runtime internalapi.RuntimeService, images internalapi.ImageManagerService, o options) (internalapi.RuntimeService, internalapi.ImageManagerService, error) {
	if o.endpoint != "" {
		klog.Infof("Pod networks come from the KNI network runtime at %s", o.endpoint)
		core, err := newCore(containerRuntimeOf(runtime), o)
		if err != nil {
			return nil, nil, err
		}
		runtime = &runtimeService{runtime, core}
	}
	// The stripping clients are outermost, so that the container runtime sees only the annotation that runtimeService
	// sets.
	return &strippingRuntimeService{runtime}, &strippingImageService{images}, nil
}
