package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// ensureBridge creates the bridge unless it exists, brings it up, and gives it the addresses. Idempotent.
func ensureBridge(name string, addresses []netip.Prefix) error {
	// A bridge without a fixed MAC takes that of one of its ports, and pods lose their gateway when that port is removed.
	attrs := netlink.LinkAttrs{Name: name, HardwareAddr: macOf(name, addresses)}
	if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attrs}); err != nil && !errors.Is(err, fs.ErrExist) {
		return cause("cannot create the bridge", err)
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return cause("cannot find the bridge", err)
	}
	if err := addAddresses(link, addresses); err != nil {
		return err
	}
	return cause("cannot bring the bridge up", netlink.LinkSetUp(link))
}

type veth struct {
	// Path of the pod's netns.
	netns string
	// Name of the interface in the pod.
	name string
	// Name of the other end, on the node, and the bridge that it joins.
	hostName, bridge string
	// Of the pod, with prefix length.
	addresses []netip.Prefix
	// The addresses of the bridge: next hops of the default routes.
	gateways []netip.Prefix
	// In bytes.
	mtu int
}

// addVeth creates a veth pair, and gives the end in the pod its addresses and default routes. It replaces a pair that an interrupted
// call has left. Returns the MAC address of the interface in the pod.
func addVeth(v veth) (string, error) {
	netns, err := os.Open(v.netns)
	if err != nil {
		return "", cause("cannot open the netns", err)
	}
	defer netns.Close()
	bridge, err := netlink.LinkByName(v.bridge)
	if err != nil {
		return "", cause("cannot find bridge "+v.bridge, err)
	}
	if err := removeLink(v.hostName); err != nil {
		return "", err
	}
	// The MAC follows from the address: neighbours that still know a former pod of the address reach the new one.
	mac := macOf("", v.addresses)
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: v.hostName, MTU: v.mtu, TxQLen: -1},
		PeerName:  v.name, PeerHardwareAddr: mac, PeerNamespace: netlink.NsFd(netns.Fd()),
	}
	if err := netlink.LinkAdd(pair); err != nil {
		return "", cause("cannot create the veth pair", err)
	}
	if err := netlink.LinkSetMaster(pair, bridge); err != nil {
		return "", cause("cannot connect the veth pair to the bridge", err)
	}
	if err := netlink.LinkSetUp(pair); err != nil {
		return "", cause("cannot bring the veth pair up", err)
	}
	return mac.String(), inNetns(netns, func() error { return configure(v) })
}

// configure runs in the netns of the pod.
func configure(v veth) error {
	for _, name := range []string{"lo", v.name} {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return cause("cannot find "+name+" of the pod", err)
		}
		if err := netlink.LinkSetUp(link); err != nil {
			return cause("cannot bring "+name+" of the pod up", err)
		}
	}
	link, err := netlink.LinkByName(v.name)
	if err != nil {
		return cause("cannot find "+v.name+" of the pod", err)
	}
	if err := addAddresses(link, v.addresses); err != nil {
		return err
	}
	for _, gateway := range v.gateways {
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.Addr().AsSlice()}
		if err := netlink.RouteReplace(route); err != nil {
			return cause("cannot set the default route", err)
		}
	}
	return nil
}

func addAddresses(link netlink.Link, addresses []netip.Prefix) error {
	for _, address := range addresses {
		added := &netlink.Addr{IPNet: ipNetOf(address)}
		if address.Addr().Is6() {
			added.Flags = unix.IFA_F_NODAD // usable at once, because no other interface can have it
			// Nodes may disable IPv6 for new interfaces.
			file := fmt.Sprintf("/proc/sys/net/ipv6/conf/%s/disable_ipv6", link.Attrs().Name)
			if err := os.WriteFile(file, []byte("0"), 0o644); err != nil {
				return cause("cannot enable IPv6", err)
			}
		}
		if err := netlink.AddrReplace(link, added); err != nil {
			return cause("cannot add address "+address.String(), err)
		}
	}
	return nil
}

// removeLink removes an interface of the node; of a veth pair, both ends. A missing one is fine.
func removeLink(name string) error {
	link, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkDel(link)
	}
	if errors.As(err, &netlink.LinkNotFoundError{}) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return cause("cannot remove the veth pair", err)
}

// vethNameOf returns a name of at most 15 characters for the other end of a pod's veth pair, such as `veth1a2b3c4d`.
func vethNameOf(key string) string {
	return fmt.Sprintf("veth%x", sha256.Sum256([]byte(key)))[:12]
}

// macOf returns a locally administered unicast address.
func macOf(name string, addresses []netip.Prefix) net.HardwareAddr {
	sum := sha256.Sum256([]byte(fmt.Sprint(name, addresses)))
	return append(net.HardwareAddr{0x0a}, sum[:5]...)
}

func ipNetOf(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}
}
