package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/containernetworking/cni/libcni"
)

// plugins is the floor: libcni without a network runtime.
type plugins struct {
	cni    *libcni.CNIConfig
	list   *libcni.NetworkConfigList
	ifName string
}

func openPlugins(r request) (*plugins, error) {
	list, err := libcni.ConfListFromBytes([]byte(r.Config))
	return &plugins{libcni.NewCNIConfigWithCacheDir([]string{r.PluginDir}, r.CacheDir, nil), list, r.IfName}, err
}

const netnsDir = "/run/netns"

func (p *plugins) cycle(watch *stopwatch) error {
	ctx := context.Background()
	of := newPod()
	netns := filepath.Join(netnsDir, of.Name)
	config := &libcni.RuntimeConf{
		ContainerID: of.ID,
		NetNS:       netns,
		IfName:      p.ifName,
		Args: [][2]string{
			{"IgnoreUnknown", "1"},
			{"K8S_POD_NAMESPACE", of.Namespace},
			{"K8S_POD_NAME", of.Name},
			{"K8S_POD_INFRA_CONTAINER_ID", of.ID},
			{"K8S_POD_UID", of.uid},
		},
	}
	if err := watch.time("Create", func() error { return createNetns(netns) }); err != nil {
		return err
	}
	if err := watch.time("Attach", func() error {
		_, err := p.cni.AddNetworkList(ctx, p.list, config)
		return err
	}); err != nil {
		return err
	}
	if err := watch.time("Detach", func() error { return p.cni.DelNetworkList(ctx, p.list, config) }); err != nil {
		return err
	}
	return watch.time("Delete", func() error { return deleteNetns(netns) })
}

// createNetns does what container runtimes in Go do.
func createNetns(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o444)
	if err != nil {
		return err
	}
	file.Close()
	done := make(chan error)
	go func() {
		// Without UnlockOSThread, Go ends this thread of another netns with the goroutine.
		runtime.LockOSThread()
		err := syscall.Unshare(syscall.CLONE_NEWNET)
		if err == nil {
			err = syscall.Mount(fmt.Sprintf("/proc/self/task/%d/ns/net", syscall.Gettid()), path, "", syscall.MS_BIND, "")
		}
		done <- err
	}()
	return <-done
}

func deleteNetns(path string) error {
	if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
		return err
	}
	return os.Remove(path)
}
