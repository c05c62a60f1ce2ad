// Does with libcni what the job on stdin says, so that a test can compare what the plugins were given.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/containernetworking/cni/libcni"
)

type job struct {
	Command        string                 `json:"command"`
	Config         string                 `json:"config"`
	Single         bool                   `json:"single"`
	ContainerID    string                 `json:"containerID"`
	NetNS          string                 `json:"netns"`
	IfName         string                 `json:"ifname"`
	Args           [][2]string            `json:"args"`
	CapabilityArgs map[string]interface{} `json:"capabilityArgs"`
	CacheDir       string                 `json:"cacheDir"`
	Path           string                 `json:"path"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		return err
	}
	list, err := listOf(j)
	if err != nil {
		return err
	}
	cni := libcni.NewCNIConfigWithCacheDir(strings.Split(j.Path, ":"), j.CacheDir, nil)
	rt := &libcni.RuntimeConf{
		ContainerID:    j.ContainerID,
		NetNS:          j.NetNS,
		IfName:         j.IfName,
		Args:           j.Args,
		CapabilityArgs: j.CapabilityArgs,
	}
	switch j.Command {
	case "ADD":
		_, err = cni.AddNetworkList(context.Background(), list, rt)
	case "CHECK":
		err = cni.CheckNetworkList(context.Background(), list, rt)
	case "DEL":
		err = cni.DelNetworkList(context.Background(), list, rt)
	default:
		err = fmt.Errorf("no command %q", j.Command)
	}
	return err
}

func listOf(j job) (*libcni.NetworkConfigList, error) {
	if !j.Single {
		return libcni.ConfListFromBytes([]byte(j.Config))
	}
	conf, err := libcni.ConfFromBytes([]byte(j.Config))
	if err != nil {
		return nil, err
	}
	return libcni.ConfListFromConf(conf)
}
