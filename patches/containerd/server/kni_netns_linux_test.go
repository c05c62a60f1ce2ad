package server

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func TestNetNSToAdopt(t *testing.T) {
	dir := t.TempDir()
	otherDir := t.TempDir()
	good := mountNewNetNS(t, dir)
	outside := mountNewNetNS(t, otherDir)
	nested := filepath.Join(dir, "nested")
	require.NoError(t, os.Mkdir(nested, 0755))
	below := mountNewNetNS(t, nested)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0600))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(good, link))

	for desc, test := range map[string]struct {
		dir         string
		path        string
		nodeNetwork bool
		expected    string
		err         string
	}{
		"a network namespace in the directory":      {dir: dir, path: good, expected: good},
		"no annotation":                             {dir: dir},
		"option is off":                             {path: good},
		"option is off, and the path is bad":        {path: "/proc/1/ns/net"},
		"node network":                              {dir: dir, path: good, nodeNetwork: true},
		"outside of the directory":                  {dir: dir, path: outside, err: "directly below"},
		"deep below the directory":                  {dir: dir, path: below, err: "directly below"},
		"out of the directory by dots":              {dir: dir, path: dir + "/../" + filepath.Base(otherDir) + "/" + filepath.Base(outside), err: "directly below"},
		"unclean":                                   {dir: dir, path: dir + "//" + filepath.Base(good), err: "directly below"},
		"relative":                                  {dir: dir, path: filepath.Base(good), err: "directly below"},
		"the node's through proc":                   {dir: dir, path: "/proc/1/ns/net", err: "directly below"},
		"the directory itself":                      {dir: dir, path: dir, err: "directly below"},
		"missing":                                   {dir: dir, path: filepath.Join(dir, "missing"), err: "failed to open"},
		"a symbolic link to a network namespace":    {dir: dir, path: link, err: "failed to open"},
		"a plain file":                              {dir: dir, path: file, err: "not a mounted namespace"},
		"a directory":                               {dir: dir, path: nested, err: "not a mounted namespace"},
		"a namespace of another kind":               {dir: dir, path: bindMount(t, dir, "uts"), err: "not a network namespace"},
		"the mounted network namespace of the node": {dir: dir, path: bindMount(t, dir, "net"), err: "of the node"},
	} {
		t.Run(desc, func(t *testing.T) {
			c := newTestCRIService()
			c.config.KNINetNSDir = test.dir
			config := &runtime.PodSandboxConfig{}
			if test.path != "" {
				config.Annotations = map[string]string{netNSAnnotation: test.path}
			}
			if test.nodeNetwork {
				config.Linux = &runtime.LinuxPodSandboxConfig{SecurityContext: &runtime.LinuxSandboxSecurityContext{
					NamespaceOptions: &runtime.NamespaceOption{Network: runtime.NamespaceMode_NODE},
				}}
			}

			path, err := c.netNSToAdopt(config)
			assert.Equal(t, test.expected, path)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				require.Error(t, err)
				assert.Contains(t, err.Error(), test.err)
			}
		})
	}
	_, err := os.Lstat(file)
	assert.NoError(t, err, "a refused path must not be removed")
}

// bindMount mounts a namespace of the test process below dir.
func bindMount(t *testing.T, dir, kind string) string {
	path := filepath.Join(dir, kind)
	require.NoError(t, os.WriteFile(path, nil, 0600))
	require.NoError(t, unix.Mount("/proc/thread-self/ns/"+kind, path, "none", unix.MS_BIND, ""))
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(path, unix.MNT_DETACH)) })
	return path
}

// skipUnlessMountsWork skips tests without the privilege to mount.
func skipUnlessMountsWork(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount(dir, dir, "none", unix.MS_BIND, ""); err != nil {
		t.Skipf("needs to mount: %v", err)
	}
	require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
}
