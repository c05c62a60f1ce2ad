package kni

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// HTTP/2 servers other than Go's refuse the path of a socket as the authority.
func TestClientUsesLocalhostAsAuthority(t *testing.T) {
	r := newRig(t)
	r.mustRun(podConfig("web"))
	r.kni.mutex.Lock()
	defer r.kni.mutex.Unlock()
	expectStrings(t, r.kni.authority, "localhost")
}

func TestClientRefusesAnEndpointThatIsNotASocket(t *testing.T) {
	for _, endpoint := range []string{"tcp://127.0.0.1:80", "http://127.0.0.1", "unix://kni.sock", "unix://", "/run/kni/kni.sock"} {
		if _, _, err := Decorate(nil, nil, endpoint, nil); err == nil {
			t.Errorf("endpoint %s was accepted", endpoint)
		}
	}
}

// The kubelet does not aggregate events with different texts.
func TestTheSameFailureHasTheSameText(t *testing.T) {
	r := newRig(t)
	c := mustClient(t, r)
	unreachable := "rpc error: code = Unavailable desc = KNI network runtime is not reachable at " + r.options.endpoint
	network := newPodNetwork(podConfig("web").Metadata, nil, nil)

	_, err := c.query(network)
	expectError(t, err, "rpc error: code = NotFound desc = KNI QueryPodNetwork failed: no such sandbox")

	r.kni.stop()
	for i := 0; i < 10; i++ {
		_, err := c.query(network)
		expectError(t, err, unreachable)
	}
	r.kni.start(t)
	r.eventually("the runtime is found again", func() bool {
		_, err := c.query(network)
		return status.Code(err) == codes.NotFound
	})

	never := mustClient(t, &rig{options: options{endpoint: "unix:///nowhere/kni.sock", timeouts: r.options.timeouts}})
	for i := 0; i < 10; i++ {
		_, err := never.query(network)
		expectError(t, err, "rpc error: code = Unavailable desc = KNI network runtime is not reachable at unix:///nowhere/kni.sock")
	}
}

// The runtime's own message must not be lost if it answers that it is unavailable.
func TestAnErrorAnswerDiffersFromNoAnswer(t *testing.T) {
	r := newRig(t)
	c := mustClient(t, r)
	for _, test := range []struct {
		failure  error
		expected string
	}{
		{status.Error(codes.Unavailable, "starting"), "rpc error: code = Unavailable desc = KNI DeleteNetwork failed: starting"},
		{status.Error(codes.DeadlineExceeded, "plugin bridge timed out"), "rpc error: code = DeadlineExceeded desc = KNI DeleteNetwork failed: plugin bridge timed out"},
		{errors.New("no code"), "rpc error: code = Unknown desc = KNI DeleteNetwork failed: no code"},
	} {
		r.kni.fail("DeleteNetwork", 1, test.failure)
		expectError(t, c.delete(newPodNetwork(podConfig("web").Metadata, nil, nil)), test.expected)
	}
}
