package kni

import (
	"net"
	"sort"

	utilnet "k8s.io/utils/net"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// primaryInterface has the pod's IP.
const primaryInterface = "eth0"

// podIPsFrom returns the addresses of the primary interface, as with CNI. Addresses on other networks are not reachable
// from everywhere, and must not become endpoints of services. If the primary interface is missing or has no address,
// the other interfaces are used in the order of their names. podIPsFrom returns one address per IP family, because the
// API server refuses a pod status with more.
func podIPsFrom(ipconfigs map[string]*api.IPConfig) ([]string, error) {
	var ips []string
	families := map[bool]bool{}
	for _, name := range interfacesOf(ipconfigs) {
		for _, address := range ipconfigs[name].GetIp() {
			ip := net.ParseIP(address)
			// Some runtimes report the loopback interface too.
			if ip == nil || ip.IsLoopback() || families[utilnet.IsIPv6(ip)] {
				continue
			}
			families[utilnet.IsIPv6(ip)] = true
			ips = append(ips, ip.String())
		}
		if name == primaryInterface && len(ips) > 0 {
			break
		}
	}
	if len(ips) == 0 {
		return nil, errNoAddress
	}
	return ips, nil
}

func interfacesOf(ipconfigs map[string]*api.IPConfig) []string {
	names := make([]string, 0, len(ipconfigs))
	for name := range ipconfigs {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool {
		if (names[i] == primaryInterface) != (names[j] == primaryInterface) {
			return names[i] == primaryInterface
		}
		return names[i] < names[j]
	})
	return names
}
