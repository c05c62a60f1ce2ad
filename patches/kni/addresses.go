package kni

import (
	"net"
	"sort"

	utilnet "k8s.io/utils/net"

	"k8s.io/kubernetes/pkg/kubelet/kni/api"
)

// primaryInterface has the pod's IP.
const primaryInterface = "eth0"

// podIPsFrom has the addresses of the primary interface, as with CNI: those of further networks are not reached by
// everybody, and must not become endpoints of services. Where a runtime names no interface so, they come by name. It keeps
// only the first one of each IP family, because the API server refuses the whole status of a pod with more.
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
