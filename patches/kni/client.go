package kni

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"k8s.io/klog/v2"
)

// timeouts limit every call, so that a network runtime that hangs cannot block the kubelet.
type timeouts struct {
	create time.Duration
	// attach is long, because network plugins may have to ask other servers.
	attach time.Duration
	// release is for DetachInterface and DeleteNetwork. They delay the deletion of a pod, and are retried in the
	// background.
	release time.Duration
	// query is short, because the kubelet queries all pods one after the other, all the time.
	query time.Duration
	// queryNode must be shorter than the time after which the kubelet declares a node without a status not ready. It
	// must be longer than the connect timeout, so that an unreachable network runtime is reported as unreachable.
	queryNode time.Duration
	setup     time.Duration
}

var defaultTimeouts = timeouts{
	create:    10 * time.Second,
	attach:    time.Minute,
	release:   20 * time.Second,
	query:     2 * time.Second,
	queryNode: 5 * time.Second,
	setup:     30 * time.Second,
}

const socketScheme = "unix://"

// client calls the network runtime.
type client struct {
	endpoint string
	conn     *grpc.ClientConn
	timeouts timeouts
}

// newClient does not wait for the network runtime. Calls fail until it is running.
func newClient(endpoint string, t timeouts) (*client, error) {
	socket := strings.TrimPrefix(endpoint, socketScheme)
	if socket == endpoint || !strings.HasPrefix(socket, "/") {
		return nil, fmt.Errorf("invalid KNI endpoint %q: expected a socket such as unix:///run/kni/kni.sock", endpoint)
	}
	// Dial and WithInsecure exist in the gRPC versions of both generations.
	conn, err := grpc.Dial(socket,
		grpc.WithInsecure(),
		grpc.WithContextDialer(func(ctx context.Context, socket string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}),
		// The default authority is the path of the socket. It is not a valid host, and HTTP/2 servers other than Go's
		// refuse it.
		grpc.WithAuthority("localhost"),
		// With the default maximum backoff of two minutes, the node would stay not ready long after the network runtime
		// is back.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}))
	if err != nil {
		return nil, err
	}
	return &client{endpoint: endpoint, conn: conn, timeouts: t}, nil
}

// invoke calls one method. Generated code of protoc-gen-go-grpc would need a newer gRPC than this tree has.
func (c *client) invoke(method string, timeout time.Duration, request, response proto.Message) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()

	var header, trailer metadata.MD
	err := c.conn.Invoke(ctx, "/kni.KNI/"+method, request, response, grpc.Header(&header), grpc.Trailer(&trailer))
	if err == nil {
		return nil
	}
	klog.V(4).Infof("KNI %s failed: %v", method, err)
	answered := len(header)+len(trailer) > 0
	return c.stableError(method, timeout, err, ctx.Err() != nil, answered)
}

// stableError returns the same text for the same failure. The texts of gRPC depend on the state of the connection, and
// the kubelet does not aggregate events with different texts.
func (c *client) stableError(method string, timeout time.Duration, err error, expired, answered bool) error {
	switch {
	case expired || !answered && resetAtDeadline(err):
		return status.Errorf(codes.DeadlineExceeded, "KNI network runtime did not answer %s within %v", method, timeout)
	case !answered:
		return status.Error(codes.Unavailable, c.unreachable())
	default:
		return status.Errorf(status.Code(err), "KNI %s failed: %s", method, status.Convert(err).Message())
	}
}

// resetAtDeadline recognizes a call that the server reset at its deadline, because the server's clock is ahead. The
// kubelet never cancels these calls itself.
func resetAtDeadline(err error) bool {
	code := status.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Canceled
}

func (c *client) unreachable() string {
	return "KNI network runtime is not reachable at " + c.endpoint
}
