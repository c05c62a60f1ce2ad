package server

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// checkForeignNetNS fails unless path is the mount of a network namespace, and not of the node's own one. The code that
// stops and removes sandboxes needs this check: it deletes a path that is not such a mount as a leftover.
func checkForeignNetNS(path string) error {
	// O_NOFOLLOW, because a symbolic link could lead out of the directory.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("failed to open: %w", err)
	}
	defer unix.Close(fd)

	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return fmt.Errorf("failed to get file system: %w", err)
	}
	if uint32(fs.Type) != unix.NSFS_MAGIC {
		return errors.New("not a mounted namespace")
	}
	if kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE); err != nil {
		return fmt.Errorf("failed to get type of namespace: %w", err)
	} else if kind != unix.CLONE_NEWNET {
		return errors.New("not a network namespace")
	}

	var own, other unix.Stat_t
	// Not /proc/self, which is the main thread: that thread may be in the namespace of a pod at this moment.
	if err := unix.Stat("/proc/thread-self/ns/net", &own); err != nil {
		return fmt.Errorf("failed to find own network namespace: %w", err)
	}
	if err := unix.Fstat(fd, &other); err != nil {
		return fmt.Errorf("failed to find network namespace: %w", err)
	}
	if own.Dev == other.Dev && own.Ino == other.Ino {
		return errors.New("the network namespace of the node")
	}
	return nil
}
