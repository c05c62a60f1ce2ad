package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// createNetns mounts a new network namespace at path, unless there is one. `ip netns` does the same.
func createNetns(path string) error {
	if exists, err := isNetns(path); exists || err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE, 0o444)
	if err != nil {
		return cause("cannot create the netns", err)
	}
	file.Close()
	return onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return cause("cannot create the netns", err)
		}
		return cause("cannot mount the netns", unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""))
	})
}

// removeNetns removes the name. The kernel removes the netns, and the interfaces inside, after its last process. A missing one is fine.
func removeNetns(path string) error {
	for {
		exists, err := isNetns(path)
		if err != nil {
			return err
		}
		if !exists {
			break
		}
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			return cause("cannot unmount the netns", err)
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cause("cannot remove the netns", err)
	}
	return nil
}

func isNetns(path string) (bool, error) {
	var found unix.Statfs_t
	if err := unix.Statfs(path, &found); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, cause("cannot read the netns", err)
	}
	return found.Type == unix.NSFS_MAGIC, nil
}

// inNetns runs work with the interfaces, the routes and the /proc/sys/net of this network namespace.
func inNetns(netns *os.File, work func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
			return cause("cannot enter the netns", err)
		}
		return work()
	})
}

// onOwnThread runs work on a new thread, which ends with it: a netns belongs to a thread, and goroutines share threads.
func onOwnThread(work func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // without an unlock: Go ends a locked thread together with its goroutine
		done <- work()
	}()
	return <-done
}

// cause leaves the path out of an error, because Kubernetes aggregates events by their text. Nil stays nil.
func cause(what string, err error) error {
	if err == nil {
		return nil
	}
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		err = withPath.Err
	}
	return fmt.Errorf("%s: %w", what, err)
}
