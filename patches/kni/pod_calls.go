package kni

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// These errors stand for successful answers that are unusable.
var (
	errNoNetns   = errors.New("KNI network runtime returned no netns for the pod")
	errNoAddress = errors.New("KNI network runtime returned no address for the pod")
)

// create returns the path of the pod's netns.
func (c *client) create(n *podNetwork) (string, error) {
	response := &api.CreateNetworkResponse{}
	err := c.invoke("CreateNetwork", c.timeouts.create, &api.CreateNetworkRequest{
		Name:        n.name,
		Namespace:   n.namespace,
		Uid:         n.uid,
		Labels:      n.labels,
		Annotations: n.annotations,
		Extradata:   n.extradata(),
	}, response)
	if err == nil && response.NetnsPath == "" {
		err = errNoNetns
	}
	return response.NetnsPath, err
}

// attach returns the addresses of the pod, at least one.
func (c *client) attach(n *podNetwork, config *podSandboxConfig) ([]string, error) {
	extradata := n.extradata()
	extradata["cgroup_parent"] = config.GetLinux().GetCgroupParent()
	response := &api.AttachInterfaceResponse{}
	if err := c.invoke("AttachInterface", c.timeouts.attach, &api.AttachInterfaceRequest{
		Name:         n.name,
		Id:           n.sandboxID,
		Namespace:    n.namespace,
		Isolation:    n.isolation(),
		DnsConfig:    dnsConfigFrom(config.GetDnsConfig()),
		PortMappings: portMappingsFrom(config.GetPortMappings()),
		Labels:       n.labels,
		Annotations:  n.annotations,
		Extradata:    extradata,
	}, response); err != nil {
		return nil, err
	}
	return podIPsFrom(response.Ipconfigs)
}

// query returns the addresses of the pod, at least one.
func (c *client) query(n *podNetwork) ([]string, error) {
	response := &api.QueryPodNetworkResponse{}
	if err := c.invoke("QueryPodNetwork", c.timeouts.query, &api.QueryPodNetworkRequest{
		Name:      n.name,
		Id:        n.sandboxID,
		Namespace: n.namespace,
	}, response); err != nil {
		return nil, err
	}
	return podIPsFrom(response.Ipconfigs)
}

func (c *client) detach(n *podNetwork) error {
	return c.undo("DetachInterface", &api.DetachInterfaceRequest{
		Name:        n.name,
		Id:          n.sandboxID,
		Namespace:   n.namespace,
		Isolation:   n.isolation(),
		Labels:      n.labels,
		Annotations: n.annotations,
		Extradata:   n.extradata(),
	}, &api.DetachInterfaceResponse{})
}

func (c *client) delete(n *podNetwork) error {
	return c.undo("DeleteNetwork", &api.DeleteNetworkRequest{
		Id:        n.sandboxID,
		Name:      n.name,
		Namespace: n.namespace,
		NetnsPath: n.netnsPath,
		Extradata: n.extradata(),
	}, &api.DeleteNetworkResponse{})
}

// release undoes attach and create, even if only part of them happened.
func (c *client) release(n *podNetwork) error {
	if n.sandboxID != "" {
		if err := c.detach(n); err != nil {
			return err
		}
	}
	return c.delete(n)
}

// releaseSandbox releases the network of a sandbox that is known only by its id.
func (c *client) releaseSandbox(sandboxID string) error {
	err := c.undo("DetachInterface", &api.DetachInterfaceRequest{Id: sandboxID}, &api.DetachInterfaceResponse{})
	if err != nil {
		return err
	}
	return c.undo("DeleteNetwork", &api.DeleteNetworkRequest{Id: sandboxID}, &api.DeleteNetworkResponse{})
}

// undo treats an unknown network as released. A network runtime should return no error for it, but some do, and then
// the pod would be Terminating forever.
func (c *client) undo(method string, request, response proto.Message) error {
	err := c.invoke(method, c.timeouts.release, request, response)
	if status.Code(err) == codes.NotFound {
		return nil
	}
	return err
}

func dnsConfigFrom(config *dnsConfig) *api.DNSConfig {
	return &api.DNSConfig{
		Servers:  config.GetServers(),
		Searches: config.GetSearches(),
		Options:  config.GetOptions(),
	}
}

// portMappingsFrom leaves out ports without a host port: they are only declared, and need nothing on the node.
func portMappingsFrom(mappings []*portMapping) []*api.PortMapping {
	var published []*api.PortMapping
	for _, mapping := range mappings {
		if mapping.HostPort <= 0 {
			continue
		}
		published = append(published, &api.PortMapping{
			// Both enumerations count TCP, UDP, SCTP from zero.
			Protocol:      api.Protocol(mapping.Protocol),
			ContainerPort: mapping.ContainerPort,
			HostPort:      mapping.HostPort,
			HostIp:        mapping.HostIp,
		})
	}
	return published
}
