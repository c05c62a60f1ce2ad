// Package kni moves pod networks from the container runtime to a network runtime, which the kubelet asks over KNI.
//
// It decorates the kubelet's two CRI clients, so that the kubelet itself stays as it is. What it does is the same for
// each generation of CRI; an adapter of the generation has the signatures.
package kni

import (
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	internalapi "k8s.io/cri-api/pkg/apis"
	"k8s.io/klog/v2"
)

// EndpointEnv names the environment variable with the socket of the network runtime, such as unix:///run/kni/kni.sock.
// Unset or empty means that the container runtime goes on setting up pod networks.
const EndpointEnv = "KNI_ENDPOINT"

// options are what a test wants different.
type options struct {
	endpoint string
	// stateDir keeps over a restart of the kubelet what it alone knows.
	stateDir string
	timeouts timeouts
	// setupInterval is the least time between two calls of SetupNodeNetwork.
	setupInterval time.Duration
	// silence is for how long the network runtime may not answer before a node that was ready no longer is. The kubelet
	// gives the container runtime 30 s.
	silence      time.Duration
	releaseRetry workqueue.RateLimiter
	// busyTimeout is how long a call waits for a release that is under way.
	busyTimeout time.Duration
	// pruneRetry is the time between two attempts to forget sandboxes that are gone.
	pruneRetry time.Duration
	// pruneInterval is the time from one that succeeded to the next.
	pruneInterval time.Duration
	// recorder gives nil where there are no events.
	recorder func() record.EventRecorder
	stop     <-chan struct{}
}

// defaultOptions keep the state in the default root directory: the kubelet's own is not known where its CRI clients are
// made.
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

// Decorate makes the CRI clients get pod networks from the network runtime at endpoint, when there is one. In any case
// they no longer pass on a pod's own netns annotation. It asks for the recorder of events only after the first call of
// the kubelet, because some releases set it later than they make the clients.
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
	// Outermost, so that the annotation which the decorator above sets is the only one that the container runtime sees.
	return &strippingRuntimeService{runtime}, &strippingImageService{images}, nil
}
