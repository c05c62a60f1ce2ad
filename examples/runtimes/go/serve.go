package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path"
	"runtime/debug"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/kni-runtime/kni"
)

// How long calls in progress may take after SIGTERM. kni.service kills the runtime 5 s after it.
const stopTimeout = 4 * time.Second

// serve serves KNI on the socket, which only root can open. It returns after SIGTERM or SIGINT and the end of the calls in progress.
func serve(socket string, s *service) error {
	listener, err := listen(socket)
	if err != nil {
		return err
	}
	server := newServer(s)
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	ended := make(chan struct{})
	go func() {
		<-stopped
		timer := time.AfterFunc(stopTimeout, server.Stop)
		server.GracefulStop()
		timer.Stop()
		close(ended)
	}()
	logInfo("serving KNI", fields{"socket": socket})
	if err := server.Serve(listener); err != nil {
		return err
	}
	<-ended
	return nil
}

func newServer(s *service) *grpc.Server {
	calls := &calls{service: s}
	server := grpc.NewServer(grpc.UnaryInterceptor(calls.run))
	kni.RegisterKNIServer(server, s)
	return server
}

// listen replaces the socket of a process that has ended, but not that of a running one.
func listen(socket string) (net.Listener, error) {
	if connection, err := net.Dial("unix", socket); err == nil {
		connection.Close()
		return nil, fmt.Errorf("another server is already listening on %s", socket)
	}
	if err := os.MkdirAll(path.Dir(socket), 0o700); err != nil {
		return nil, err
	}
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", socket)
}

// calls does for each call what all of them need: it validates the request, waits for other calls of the same pod, and logs the end.
type calls struct {
	service *service
	locks   podLocks
	routine sync.Map
}

func (c *calls) run(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	rpc, begun := path.Base(info.FullMethod), time.Now()
	id := identityOf(request)
	answer, err := c.handle(ctx, rpc, &id, func() (any, error) { return handle(ctx, request) })
	if _, isStatus := status.FromError(err); !isStatus {
		err = failed(codes.Internal, err.Error())
	}
	facts := fields{"rpc": rpc, "pod": id.fullName(), "uid": id.uid, "sandbox": id.sandbox, "netns": id.netns, "correlation": id.key,
		"ms": float64(time.Since(begun).Microseconds()/100) / 10}
	outcome := "ok"
	if err != nil {
		outcome = "failed"
		facts["error"] = err.Error()
	}
	if c.isRepeated(rpc, answer, err) {
		return answer, err
	}
	if err != nil {
		logError(rpc+" "+outcome, facts)
		return nil, err
	}
	logInfo(rpc+" "+outcome, facts)
	if found, ok := answer.(*kni.QueryPodNetworkResponse); ok {
		delete(facts, "ms")
		logInfo(fmt.Sprintf("ipconfigs received for id: %s ip: %s", id.sandbox, describe(found.Ipconfigs)), facts)
	}
	return answer, nil
}

// handle completes the identity for the log, from the record that the call means.
func (c *calls) handle(ctx context.Context, rpc string, id *identity, handler func() (any, error)) (answer any, err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			logError("panic", fields{"rpc": rpc, "error": fmt.Sprint(thrown), "stack": string(debug.Stack())})
			err = failed(codes.Internal, "internal error, see the log of the network runtime")
		}
	}()
	if rpc == "QueryNodeNetworks" {
		return handler()
	}
	if c.service.pool.Load() == nil {
		return nil, failed(codes.Unavailable, c.service.trouble()["message"])
	}
	if err := id.validate(); err != nil {
		return nil, err
	}
	// A query must not wait for a slow call of its pod. SetupNodeNetwork is not about a pod.
	if rpc == "QueryPodNetwork" || rpc == "SetupNodeNetwork" {
		c.complete(id)
		return handler()
	}
	key := "sandbox " + id.sandbox
	if pod, found := c.service.pods.find(*id); found {
		key = pod.fullName()
	} else if id.name != "" {
		key = id.fullName()
	}
	unlock := c.locks.lock(key)
	defer unlock()
	if ctx.Err() != nil { // the caller has not waited: it repeats the call if it still wants it
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if rpc == "CreateNetwork" {
		defer c.complete(id) // it writes the record
	} else {
		c.complete(id) // DeleteNetwork removes the record: afterwards the request may match that of another sandbox
	}
	return handler()
}

// complete adds what the record of the pod knows. The sandbox of the request stays: AttachInterface is about to record it.
func (c *calls) complete(id *identity) {
	pod, found := c.service.pods.find(*id)
	if !found {
		return
	}
	sandbox := id.sandbox
	*id = pod.identity()
	if sandbox != "" {
		id.sandbox = sandbox
	}
}

// isRepeated reports whether the call comes every few seconds and had the same outcome the last time.
func (c *calls) isRepeated(rpc string, answer any, err error) bool {
	if rpc != "QueryNodeNetworks" {
		return false
	}
	outcome := fmt.Sprint(answer, err)
	before, _ := c.routine.Load(rpc)
	c.routine.Store(rpc, outcome)
	return before == outcome
}

// describe writes the addresses as the proof of kni-demo reads them: `map[eth0:ip:"10.244.1.2" mac:"0a:…"]`.
func describe(ipconfigs map[string]*kni.IPConfig) string {
	var described []string
	for name, config := range ipconfigs {
		text := []string{}
		for _, ip := range config.Ip {
			text = append(text, fmt.Sprintf("ip:%q", ip))
		}
		if config.Mac != "" {
			text = append(text, fmt.Sprintf("mac:%q", config.Mac))
		}
		described = append(described, name+":"+strings.Join(text, " "))
	}
	sort.Strings(described)
	return "map[" + strings.Join(described, " ") + "]"
}

func failed(code codes.Code, text string) error { return status.Error(code, text) }

// podLocks lets the calls for one pod run one after the other, and those for different pods at the same time.
type podLocks struct {
	mu   sync.Mutex
	held map[string]*podLock
}

type podLock struct {
	sync.Mutex
	users int
}

func (l *podLocks) lock(key string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*podLock{}
	}
	lock := l.held[key]
	if lock == nil {
		lock = &podLock{}
		l.held[key] = lock
	}
	lock.users++
	l.mu.Unlock()
	lock.Lock()
	return func() {
		lock.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if lock.users--; lock.users == 0 {
			delete(l.held, key)
		}
	}
}
