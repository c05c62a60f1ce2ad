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

// timeouts bound every call, so that a network runtime that hangs cannot hang the kubelet.
type timeouts struct {
	create time.Duration
	// attach leaves time for network plugins that have to ask others.
	attach time.Duration
	// release is for Detach and Delete. They hold up the deletion of a pod, and are repeated in the background.
	release time.Duration
	// query is for what the kubelet asks all the time, one pod after the other.
	query time.Duration
	// queryNode may take longer, but not as long as the kubelet goes without a status before it calls the node not ready.
	// It is more than a connection may take, so that it never ends while there is none.
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

// newClient does not wait for the network runtime to be there: calls fail until it is.
func newClient(endpoint string, t timeouts) (*client, error) {
	socket := strings.TrimPrefix(endpoint, socketScheme)
	if socket == endpoint || !strings.HasPrefix(socket, "/") {
		return nil, fmt.Errorf("KNI endpoint %q is no socket such as unix:///run/kni/kni.sock", endpoint)
	}
	// Dial and WithInsecure are the forms that the gRPC of both generations has.
	conn, err := grpc.Dial(socket,
		grpc.WithInsecure(),
		grpc.WithContextDialer(func(ctx context.Context, socket string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}),
		// The default is the path of the socket, which HTTP/2 servers other than Go's refuse as not being a host.
		grpc.WithAuthority("localhost"),
		// The default maximum of two minutes would keep the node not ready long after the runtime has come back.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 3 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}))
	if err != nil {
		return nil, err
	}
	return &client{endpoint: endpoint, conn: conn, timeouts: t}, nil
}

// invoke calls one method. Client code made by protoc-gen-go-grpc would need a newer gRPC than this tree has.
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

// stableError gives the same failure the same text. The texts of gRPC vary with the state of the connection, and events
// with varying texts are not aggregated.
func (c *client) stableError(method string, timeout time.Duration, err error, expired, answered bool) error {
	switch {
	case expired || !answered && cutOff(err):
		return status.Errorf(codes.DeadlineExceeded, "KNI network runtime did not answer %s within %v", method, timeout)
	case !answered:
		return status.Error(codes.Unavailable, c.unreachable())
	default:
		return status.Errorf(status.Code(err), "KNI %s failed: %s", method, status.Convert(err).Message())
	}
}

// cutOff tells of the server's clock being ahead: it resets a stream at the deadline that the call came with. Nobody here
// cancels calls.
func cutOff(err error) bool {
	code := status.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Canceled
}

func (c *client) unreachable() string {
	return "KNI network runtime is not reachable at " + c.endpoint
}
