package main

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
)

const (
	// How often the nodes are listed until this node has a podCIDR, and afterwards.
	urgently   = time.Second
	frequently = 10 * time.Second
)

// node is this node: its subnets for pods, and its connection to the pods of other nodes.
type node struct {
	settings   settings
	connecting sync.Mutex
	mu         sync.Mutex
	// All nodes of the cluster with this one; nil as long as they are unknown.
	nodes []nodeFacts
	// Why pods cannot be attached.
	problem map[string]string
}

type nodeFacts struct {
	Name        string
	PodCIDRs    []netip.Prefix
	InternalIPs []netip.Addr
}

// openNode reads the nodes that were known before a restart: the API server may not answer yet.
func openNode(settings settings) *node {
	n := &node{settings: settings, problem: problemOf("NodesUnread", "the nodes of the cluster have not been listed yet")}
	if text, err := os.ReadFile(n.cache()); err == nil && json.Unmarshal(text, &n.nodes) != nil {
		n.nodes = nil
	}
	return n
}

// podCIDRs are empty until the node has some.
func (n *node) podCIDRs() []netip.Prefix {
	n.mu.Lock()
	defer n.mu.Unlock()
	found := n.settings.podCIDRs
	for _, each := range n.nodes {
		if len(found) == 0 && each.Name == n.settings.nodeName {
			found = each.PodCIDRs
		}
	}
	return usable(found)
}

// follow keeps the routes up to date. Unless the node is open for pods, it calls open when there is a podCIDR, until that succeeds.
func (n *node) follow(open func([]netip.Prefix) error, isOpen bool) {
	for {
		n.list(isOpen)
		if cidrs := n.podCIDRs(); len(cidrs) > 0 {
			n.connect()
			if !isOpen {
				err := open(cidrs)
				if err != nil {
					logError("cannot prepare the node for pods", fields{"error": err.Error()})
				}
				isOpen = err == nil
			}
		}
		if isOpen {
			time.Sleep(frequently)
		} else {
			time.Sleep(urgently)
		}
	}
}

// list asks the API server for the nodes. A node that is open for pods stays open if the API server does not answer.
func (n *node) list(isOpen bool) {
	nodes, problem := listNodes(n.settings.kubeconfig)
	n.mu.Lock()
	defer n.mu.Unlock()
	if problem != nil {
		if !isOpen && n.nodes == nil {
			n.problem = problem
		}
		return
	}
	before, _ := json.Marshal(n.nodes)
	text, err := json.Marshal(nodes)
	if err == nil && string(before) != string(text) {
		err = replaceFile(n.cache(), text, true)
	}
	if err != nil {
		logWarn("cannot save the list of nodes", fields{"error": err.Error()})
	}
	n.nodes = nodes
	if problem := problemOfNode(nodes, n.settings.nodeName); problem != nil && !isOpen {
		n.problem = problem
	}
}

// connect enables forwarding, masquerades what pods send to the world, and sets the routes to the pods of other nodes. Idempotent.
func (n *node) connect() error {
	n.connecting.Lock()
	defer n.connecting.Unlock()
	cidrs := n.podCIDRs()
	n.mu.Lock()
	nodes := n.nodes
	n.mu.Unlock()
	err := prepareNode(cidrs, nodes, n.settings.nodeName)
	n.mu.Lock()
	defer n.mu.Unlock()
	before := n.problem["reason"]
	n.problem = nil
	if err != nil {
		n.problem = setupFailed
		if before != n.problem["reason"] {
			logError("cannot prepare the node for pods", fields{"error": err.Error()})
		}
	}
	return err
}

// trouble returns why pods cannot be attached: nil if they can.
func (n *node) trouble() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.problem
}

// mtu returns the largest packet in bytes that leaves the node; 0, the kernel's default, if it is unknown.
func (n *node) mtu() int {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return 0
	}
	for _, route := range routes {
		isDefault := route.Dst == nil || route.Dst.IP.IsUnspecified()
		if !isDefault || route.Gw == nil {
			continue
		}
		if link, err := netlink.LinkByIndex(route.LinkIndex); err == nil {
			return link.Attrs().MTU
		}
	}
	return 0
}

func (n *node) cache() string { return filepath.Join(n.settings.stateDir, "nodes.json") }

// setupFailed has no error: Kubernetes aggregates events by their text, and the log has the error.
var setupFailed = problemOf("NodeSetupFailed", "cannot prepare the node for pods, see the log of the network runtime")

func problemOfNode(nodes []nodeFacts, name string) map[string]string {
	for _, each := range nodes {
		if each.Name == name && len(each.PodCIDRs) == 0 {
			return problemOf("PodCIDRMissing", "node "+name+" has no podCIDR yet")
		} else if each.Name == name {
			return nil
		}
	}
	return problemOf("NodeMissing", "node "+name+" is not registered yet")
}

func problemOf(reason, message string) map[string]string {
	return map[string]string{"reason": reason, "message": message}
}

// usable leaves out IPv6 on a kernel without it.
func usable(prefixes []netip.Prefix) []netip.Prefix {
	_, err := os.Stat("/proc/sys/net/ipv6")
	var found []netip.Prefix
	for _, each := range prefixes {
		if each.Addr().Is4() || err == nil {
			found = append(found, each)
		}
	}
	return found
}
