package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

type pod struct {
	ID, Name, Namespace string
	uid                 string
}

var pods int64

func newPod() pod {
	u := random(16)
	return pod{
		ID:        fmt.Sprintf("%x", random(32)),
		Name:      fmt.Sprintf("bench-%d", atomic.AddInt64(&pods, 1)),
		Namespace: "default",
		uid:       fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]),
	}
}

func random(length int) []byte {
	bytes := make([]byte, length)
	if _, err := rand.Read(bytes); err != nil {
		panic(err)
	}
	return bytes
}

// networkRuntime is called with the kubelet's own client.
type networkRuntime struct {
	*client
}

const startDeadline = 30 * time.Second

// openRuntime returns after the first answer of the network runtime. It waits until the socket accepts connections
// before it uses gRPC, which would retry with a backoff.
func openRuntime(socket string) (*networkRuntime, error) {
	deadline := time.Now().Add(startDeadline)
	retry := func(try func() error) error {
		for {
			err := try()
			if err == nil || time.Now().After(deadline) {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	if err := retry(func() error {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			connection.Close()
		}
		return err
	}); err != nil {
		return nil, err
	}
	c, err := newClient(socketScheme+socket, defaultTimeouts)
	if err != nil {
		return nil, err
	}
	r := &networkRuntime{c}
	return r, retry(func() error {
		return r.invoke("QueryNodeNetworks", r.timeouts.queryNode, &api.QueryNodeNetworksRequest{}, &api.QueryNodeNetworksResponse{})
	})
}

// cycle states the netns twice: the original network runtime looks for it in the extradata.
func (r *networkRuntime) cycle(watch *stopwatch) error {
	p := newPod()
	extradata := map[string]string{"uid": p.uid, "attempt": "0"}
	call := func(step, method string, timeout time.Duration, request, response proto.Message) error {
		return watch.time(step, func() error { return r.invoke(method, timeout, request, response) })
	}
	created := &api.CreateNetworkResponse{}
	if err := call("Create", "CreateNetwork", r.timeouts.create, &api.CreateNetworkRequest{
		Name: p.Name, Namespace: p.Namespace, Uid: p.uid, Extradata: extradata,
	}, created); err != nil {
		return err
	}
	isolation := &api.Isolation{Path: created.NetnsPath, Type: "netns"}
	extradata["netns"] = created.NetnsPath
	attached := &api.AttachInterfaceResponse{}
	if err := call("Attach", "AttachInterface", r.timeouts.attach, &api.AttachInterfaceRequest{
		Name: p.Name, Id: p.ID, Namespace: p.Namespace, Isolation: isolation, Extradata: extradata,
	}, attached); err != nil {
		return err
	}
	if len(attached.Ipconfigs["eth0"].GetIp()) == 0 {
		return errors.New("AttachInterface returned no address of eth0")
	}
	if err := r.query(p, watch); err != nil {
		return err
	}
	if err := call("QueryNode", "QueryNodeNetworks", r.timeouts.queryNode, &api.QueryNodeNetworksRequest{},
		&api.QueryNodeNetworksResponse{}); err != nil {
		return err
	}
	if err := call("Detach", "DetachInterface", r.timeouts.release, &api.DetachInterfaceRequest{
		Name: p.Name, Id: p.ID, Namespace: p.Namespace, Isolation: isolation, Extradata: extradata,
	}, &api.DetachInterfaceResponse{}); err != nil {
		return err
	}
	return call("Delete", "DeleteNetwork", r.timeouts.release, &api.DeleteNetworkRequest{
		Name: p.Name, Id: p.ID, Namespace: p.Namespace, NetnsPath: created.NetnsPath, Extradata: extradata,
	}, &api.DeleteNetworkResponse{})
}

func (r *networkRuntime) query(p pod, watch *stopwatch) error {
	response := &api.QueryPodNetworkResponse{}
	err := watch.time("Query", func() error {
		return r.invoke("QueryPodNetwork", r.timeouts.query, &api.QueryPodNetworkRequest{
			Name: p.Name, Id: p.ID, Namespace: p.Namespace,
		}, response)
	})
	if err == nil && len(response.Ipconfigs["eth0"].GetIp()) == 0 {
		err = fmt.Errorf("QueryPodNetwork returned no address of %s", p.Name)
	}
	return err
}

func (r *networkRuntime) queryRandomly(pods []pod, count int, watch *stopwatch) error {
	for ; count > 0; count-- {
		if err := r.query(pods[mathrand.Intn(len(pods))], watch); err != nil {
			return err
		}
	}
	return nil
}
