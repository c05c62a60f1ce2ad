package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
)

// routeProtocol marks our routes in the kernel, to find stale ones. Any number that no other program uses.
const routeProtocol = 107

// prepareNode connects the pods of this node with other nodes and the world. Nodes may be unknown.
func prepareNode(podCIDRs []netip.Prefix, nodes []nodeFacts, ownName string) error {
	for _, cidr := range podCIDRs {
		if err := enableForwarding(cidr); err != nil {
			return err
		}
		if err := masquerade(cidr, nodes); err != nil {
			return err
		}
	}
	if nodes == nil {
		return nil // so that the routes of the process before stay
	}
	if err := setRoutes(nodes, ownName); err != nil {
		// This node still accepts pods if another node cannot be reached.
		logWarn("cannot set up the routes to all other nodes", fields{"error": err.Error()})
	}
	return nil
}

func enableForwarding(cidr netip.Prefix) error {
	file := "/proc/sys/net/ipv4/ip_forward"
	if cidr.Addr().Is6() {
		file = "/proc/sys/net/ipv6/conf/all/forwarding"
	}
	return os.WriteFile(file, []byte("1"), 0o644)
}

// masquerade gives what pods send to the world the address of the node. Pods see each other's own addresses.
func masquerade(cidr netip.Prefix, nodes []nodeFacts) error {
	const chain, comment = "KNI-MASQ", "kni: pods to the world"
	tool, multicast := "iptables", "224.0.0.0/4"
	if cidr.Addr().Is6() {
		tool, multicast = "ip6tables", "ff00::/8"
	}
	rules := []string{
		"*nat",
		fmt.Sprintf(":%s - [0:0]", chain),
		fmt.Sprintf("-A %s ! -s %s -j RETURN", chain, cidr),
		// A Service may choose a pod on the same bridge, whose answer would go directly over the bridge.
		fmt.Sprintf("-A %s -d %s -m conntrack --ctstate DNAT -j MASQUERADE", chain, cidr),
	}
	for _, to := range append([]netip.Prefix{cidr}, cidrsOf(nodes, "")...) {
		if to.Addr().Is4() == cidr.Addr().Is4() {
			rules = append(rules, fmt.Sprintf("-A %s -d %s -j RETURN", chain, to))
		}
	}
	rules = append(rules,
		fmt.Sprintf("-A %s -d %s -j RETURN", chain, multicast),
		fmt.Sprintf("-A %s -j MASQUERADE --random-fully", chain),
		"COMMIT", "")
	// One step replaces the whole chain.
	if err := run(strings.Join(rules, "\n"), tool+"-restore", "--wait", "5", "--noflush"); err != nil {
		return err
	}
	jump := []string{"POSTROUTING", "-m", "comment", "--comment", comment, "-j", chain}
	command := []string{"--wait", "5", "-t", "nat"}
	if run("", tool, append(append(command, "-C"), jump...)...) == nil {
		return nil
	}
	return run("", tool, append(append(command, "-A"), jump...)...)
}

// setRoutes routes to the pods of other nodes through the addresses of these nodes, which must share a link with this one.
func setRoutes(nodes []nodeFacts, ownName string) error {
	wanted := map[string]bool{}
	var failed error
	for _, node := range nodes {
		if node.Name == ownName {
			continue
		}
		for _, cidr := range usable(node.PodCIDRs) {
			for _, via := range node.InternalIPs {
				if via.Is4() != cidr.Addr().Is4() || wanted[cidr.String()] {
					continue
				}
				wanted[cidr.String()] = true
				route := &netlink.Route{Dst: ipNetOf(cidr), Gw: via.AsSlice(), Protocol: routeProtocol}
				if err := netlink.RouteReplace(route); err != nil {
					failed = cause("cannot set the route to "+cidr.String(), err)
				}
			}
		}
	}
	present, err := netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{Protocol: routeProtocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return cause("cannot list the routes", err)
	}
	for _, route := range present {
		if route.Dst != nil && !wanted[route.Dst.String()] {
			if err := netlink.RouteDel(&route); err != nil {
				failed = cause("cannot remove the route to "+route.Dst.String(), err)
			}
		}
	}
	return failed
}

// cidrsOf returns the podCIDRs of all nodes but one.
func cidrsOf(nodes []nodeFacts, without string) []netip.Prefix {
	var found []netip.Prefix
	for _, node := range nodes {
		if node.Name != without {
			found = append(found, node.PodCIDRs...)
		}
	}
	return found
}

// run runs a program. Its error has what the program wrote.
func run(input, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Stdin = strings.NewReader(input)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(output)))
	}
	return nil
}
