package main

import (
	"fmt"
	"net/netip"
	"sync"

	"google.golang.org/grpc/codes"
)

// pool has the addresses for the pods of this node. It is in memory: the records of the pods say at each start which addresses are
// taken.
type pool struct {
	mu     sync.Mutex
	ranges []*addressRange
}

// addressRange is one subnet. Its first address is the gateway.
type addressRange struct {
	subnet            netip.Prefix
	first, last, next netip.Addr
	taken             map[netip.Addr]bool
	size              int
}

func newPool(subnets []netip.Prefix) (*pool, error) {
	made := &pool{}
	for _, subnet := range subnets {
		subnet = subnet.Masked()
		first := subnet.Addr().Next().Next() // after the address of the subnet and the gateway
		last := lastOf(subnet)
		hostBits := subnet.Addr().BitLen() - subnet.Bits()
		size := 1<<min(hostBits, 62) - 2
		if subnet.Addr().Is4() {
			last, size = last.Prev(), size-1 // without the broadcast address
		}
		if size < 1 {
			return nil, fmt.Errorf("podCIDR %s is too small for pods", subnet)
		}
		made.ranges = append(made.ranges, &addressRange{subnet, first, last, first, map[netip.Addr]bool{}, size})
	}
	return made, nil
}

// gateways returns the first address of each subnet, with prefix length, for the bridge.
func (p *pool) gateways() []netip.Prefix {
	var found []netip.Prefix
	for _, each := range p.ranges {
		found = append(found, netip.PrefixFrom(each.subnet.Addr().Next(), each.subnet.Bits()))
	}
	return found
}

// take returns one free address of each subnet, with prefix length. An address that was released comes again as late as possible.
func (p *pool) take() ([]netip.Prefix, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if full := p.full(); full != nil {
		return nil, failed(codes.ResourceExhausted, full["message"])
	}
	var taken []netip.Prefix
	for _, each := range p.ranges {
		taken = append(taken, netip.PrefixFrom(each.take(), each.subnet.Bits()))
	}
	return taken, nil
}

// reserve marks addresses as taken. Addresses outside of the subnets are ignored.
func (p *pool) reserve(addresses []netip.Prefix) {
	p.each(addresses, func(in *addressRange, address netip.Addr) { in.taken[address] = true })
}

func (p *pool) release(addresses []netip.Prefix) {
	p.each(addresses, func(in *addressRange, address netip.Addr) { delete(in.taken, address) })
}

// trouble returns a reason if a subnet has no free address: pods that run are not affected.
func (p *pool) trouble() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.full()
}

func (p *pool) full() map[string]string {
	for _, each := range p.ranges {
		if len(each.taken) >= each.size {
			return map[string]string{
				"reason":       "AddressPoolExhausted",
				"message":      fmt.Sprintf("no free address left in %s", each.subnet),
				"running_pods": "unaffected",
			}
		}
	}
	return nil
}

func (p *pool) each(addresses []netip.Prefix, work func(*addressRange, netip.Addr)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range addresses {
		for _, each := range p.ranges {
			if found := address.Addr(); each.first.Compare(found) <= 0 && found.Compare(each.last) <= 0 {
				work(each, found)
			}
		}
	}
}

func (r *addressRange) take() netip.Addr {
	for r.taken[r.next] {
		r.advance()
	}
	found := r.next
	r.taken[found] = true
	r.advance()
	return found
}

func (r *addressRange) advance() {
	if r.next == r.last {
		r.next = r.first
	} else {
		r.next = r.next.Next()
	}
}

func lastOf(subnet netip.Prefix) netip.Addr {
	bytes := subnet.Addr().AsSlice()
	for bit := subnet.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
