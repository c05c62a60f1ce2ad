package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"example.com/kni-runtime/kni"
)

// podState is attaching before the first change to the node, and attached or detached after the last one: after a crash it tells what
// may be there.
type podState string

const (
	created   podState = "created"
	attaching podState = "attaching"
	attached  podState = "attached"
	detached  podState = "detached"
)

// pod is the record of one sandbox attempt: CreateNetwork writes it, AttachInterface completes it, DeleteNetwork removes it.
type pod struct {
	// `<uid>-<8 hexadecimal digits>`, never reused: a late call for an earlier attempt cannot hit a later one.
	Key       string
	Namespace string
	Name      string
	// Empty if the kubelet does not send it.
	UID string
	// The kubelet's counter of sandboxes. It restarts at 0, so it identifies nothing by itself.
	Attempt string
	Created time.Time
	Netns   string
	State   podState
	// Id of the pod sandbox; unknown before AttachInterface.
	Sandbox string
	// With prefix length. Nil while the pod has none.
	Addresses []netip.Prefix
	MAC       string
}

func (p pod) identity() identity {
	return identity{namespace: p.Namespace, name: p.Name, uid: p.UID, attempt: p.Attempt, sandbox: p.Sandbox, netns: p.Netns, key: p.Key}
}

func (p pod) fullName() string { return p.Namespace + "/" + p.Name }

func (p pod) ipconfigs() map[string]*kni.IPConfig {
	eth0 := &kni.IPConfig{Mac: p.MAC}
	for _, address := range p.Addresses {
		eth0.Ip = append(eth0.Ip, address.Addr().String())
	}
	return map[string]*kni.IPConfig{"eth0": eth0}
}

// pods are the records, in memory and on disk, and the search for the one that a request means.
type pods struct {
	netnsDir string
	store    store
	mu       sync.RWMutex
	byKey    map[string]pod
}

// openPods reads the records that were written before. It fails if another process uses the state directory.
func openPods(settings settings) (*pods, error) {
	store, err := openStore(settings.stateDir)
	if err != nil {
		return nil, err
	}
	opened := &pods{netnsDir: settings.netnsDir, store: store, byKey: map[string]pod{}}
	return opened, store.read(func(record pod) { opened.byKey[record.Key] = record })
}

// all returns the records, the oldest first.
func (p *pods) all() []pod {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var found []pod
	for _, each := range p.byKey {
		found = append(found, each)
	}
	sort.Slice(found, func(a, b int) bool { return found[a].Created.Before(found[b].Created) })
	return found
}

// write replaces the record. After an error the old record is kept.
func (p *pods) write(record pod) error {
	if err := p.store.write(record); err != nil {
		return cause("cannot write the record of the pod network", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byKey[record.Key] = record
	return nil
}

// remove removes the record. A missing one is fine.
func (p *pods) remove(record pod) error {
	if err := p.store.remove(record); err != nil {
		return cause("cannot remove the record of the pod network", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byKey, record.Key)
	return nil
}

// create writes a record in state created. A repeated call returns the same record until it is attached.
func (p *pods) create(request *kni.CreateNetworkRequest) (pod, error) {
	id := identityOf(request)
	if id.name == "" || id.namespace == "" {
		return pod{}, failed(codes.InvalidArgument, "name or namespace is missing")
	}
	if id.attempt == "" {
		id.attempt = "0"
	}
	for _, each := range p.ofPod(id) {
		// A crash may have interrupted the attachment: the caller then begins again here.
		isWaiting := each.State == created || each.State == attaching
		if isWaiting && each.identity().podKey() == id.podKey() {
			return each, nil
		}
	}
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		return pod{}, err
	}
	key := id.podKey() + "-" + hex.EncodeToString(random)
	record := pod{Key: key, Namespace: id.namespace, Name: id.name, UID: id.uid, Attempt: id.attempt, Created: time.Now(),
		Netns: filepath.Join(p.netnsDir, "kni-"+key), State: created}
	return record, p.write(record)
}

// toAttach returns the record to attach: by sandbox if the call is repeated, else by netns, else the one that waits for this pod.
func (p *pods) toAttach(request *kni.AttachInterfaceRequest) (pod, error) {
	id := identityOf(request)
	if id.sandbox == "" {
		return pod{}, failed(codes.InvalidArgument, "id is missing")
	}
	if err := checkPorts(request.PortMappings); err != nil {
		return pod{}, err
	}
	found, ok := p.findToAttach(id)
	switch {
	case !ok:
		return pod{}, failed(codes.NotFound, "no pod network was created for this sandbox")
	case id.name != "" && id.fullName() != found.fullName():
		return pod{}, failed(codes.AlreadyExists, "the pod network belongs to another pod")
	case id.netns != "" && id.netns != found.Netns:
		return pod{}, failed(codes.AlreadyExists, "the sandbox belongs to another netns than the requested one")
	// After a crash in state attaching, the kubelet may have begun again with another sandbox.
	case (found.State == attached || found.State == detached) && found.Sandbox != id.sandbox:
		return pod{}, failed(codes.AlreadyExists, "the netns belongs to another sandbox")
	case found.State == detached:
		return pod{}, failed(codes.FailedPrecondition, "the pod network is detached: call CreateNetwork again")
	}
	return found, nil
}

// attached returns the record of an attached sandbox. The kubelet distinguishes the two errors.
func (p *pods) attached(request *kni.QueryPodNetworkRequest) (pod, error) {
	if request.Id == "" {
		return pod{}, failed(codes.InvalidArgument, "id is missing")
	}
	found, ok := p.bySandbox(request.Id)
	if !ok {
		return pod{}, failed(codes.NotFound, "unknown sandbox")
	}
	if found.State != attached {
		return pod{}, failed(codes.FailedPrecondition, fmt.Sprintf("the sandbox is not attached: its network is %s", found.State))
	}
	return found, nil
}

// toRemove returns the record to detach or delete: the most precise identifier decides. It never returns the record of another sandbox:
// names are reused, attempts restart at 0, and calls can be late. Without a record there is nothing to do, which is a success.
func (p *pods) toRemove(request any) (pod, bool) { return p.findToRemove(identityOf(request)) }

// find returns the record that a call means, for the lock and the log.
func (p *pods) find(id identity) (pod, bool) {
	if found, ok := p.findToRemove(id); ok {
		return found, true
	}
	return p.findToAttach(id)
}

func (p *pods) findToAttach(id identity) (pod, bool) {
	if found, ok := p.bySandbox(id.sandbox); ok {
		return found, true
	}
	if id.netns != "" {
		return p.byNetns(id.netns)
	}
	return lastOfPods(p.ofPod(id), func(each pod) bool { return each.State == created })
}

func (p *pods) findToRemove(id identity) (pod, bool) {
	if found, ok := p.bySandbox(id.sandbox); ok {
		return found, true
	}
	if id.netns != "" {
		found, ok := p.byNetns(id.netns)
		return found, ok && (found.Sandbox == "" || id.sandbox == "")
	}
	if id.sandbox != "" {
		return pod{}, false
	}
	candidates := p.ofPod(id)
	// A call without a sandbox id most likely means a sandbox that was never created.
	if found, ok := lastOfPods(candidates, func(each pod) bool { return each.Sandbox == "" }); ok {
		return found, true
	}
	return lastOfPods(candidates, func(pod) bool { return true })
}

func (p *pods) bySandbox(sandbox string) (pod, bool) {
	return p.last(func(each pod) bool { return sandbox != "" && each.Sandbox == sandbox })
}

func (p *pods) byNetns(netns string) (pod, bool) {
	return p.last(func(each pod) bool { return netns != "" && each.Netns == netns })
}

func (p *pods) last(isWanted func(pod) bool) (pod, bool) { return lastOfPods(p.all(), isWanted) }

// ofPod searches by uid if the request has one, else by namespace and name.
func (p *pods) ofPod(id identity) []pod {
	var found []pod
	for _, each := range p.all() {
		isSame := id.name != "" && each.fullName() == id.fullName()
		if id.uid != "" {
			isSame = each.UID == id.uid && (id.attempt == "" || each.Attempt == id.attempt)
		}
		if isSame {
			found = append(found, each)
		}
	}
	return found
}

func lastOfPods(from []pod, isWanted func(pod) bool) (pod, bool) {
	for i := len(from) - 1; i >= 0; i-- {
		if isWanted(from[i]) {
			return from[i], true
		}
	}
	return pod{}, false
}

// checkPorts refuses host ports that cannot be valid. This runtime does not forward the others.
func checkPorts(mappings []*kni.PortMapping) error {
	for _, each := range mappings {
		isPort := func(port int32) bool { return port >= 1 && port <= 65535 }
		_, isProtocol := kni.Protocol_name[int32(each.Protocol)]
		isIP := each.HostIp == "" || net.ParseIP(each.HostIp) != nil
		if each.HostPort != 0 && !(isPort(each.HostPort) && isPort(each.ContainerPort) && isProtocol && isIP) {
			return failed(codes.InvalidArgument, "invalid host port")
		}
	}
	return nil
}
