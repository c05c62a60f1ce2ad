package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// store has one file for each record.
type store struct {
	dir string
	// Open as long as the store is.
	lock *os.File
}

// openStore fails if another process uses the directory. The lock goes with this process.
func openStore(stateDir string) (store, error) {
	dir := filepath.Join(stateDir, "pods")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store{}, err
	}
	lock, err := os.OpenFile(filepath.Join(stateDir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return store{}, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return store{}, fmt.Errorf("another network runtime uses %s", stateDir)
	}
	return store{dir, lock}, nil
}

func (s store) close() { s.lock.Close() }

// read calls take for each record. It logs unreadable ones, and puts them aside: a power loss may damage a record, and another version of
// this program may write fields of other types.
func (s store) read(take func(pod)) error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		file := filepath.Join(s.dir, entry.Name())
		if strings.HasSuffix(file, ".new") { // an interrupted write
			os.Remove(file)
		}
		if !strings.HasSuffix(file, ".json") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var record pod
		unreadable := json.Unmarshal(text, &record)
		if unreadable == nil && s.file(record) != file {
			unreadable = fmt.Errorf("its key is %q", record.Key)
		}
		if unreadable != nil {
			logError("put an unreadable record aside", fields{"file": file + ".unreadable", "error": unreadable.Error()})
			if err := os.Rename(file, file+".unreadable"); err != nil {
				return err
			}
			continue
		}
		take(record)
	}
	return nil
}

// write replaces the file in one step. The outcome of a call survives a power loss, other states a crash of this process.
func (s store) write(record pod) error {
	text, err := json.Marshal(record)
	if err != nil {
		return err
	}
	isOutcome := record.State == attached || record.State == detached
	return replaceFile(s.file(record), text, isOutcome)
}

func (s store) remove(record pod) error {
	if err := os.Remove(s.file(record)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // A power loss may bring the record back. Then its netns is gone, and the next start removes it.
}

func (s store) file(record pod) string { return filepath.Join(s.dir, record.Key+".json") }

// replaceFile writes the file in one step. If it is synced, it survives a power loss, which takes many milliseconds on some disks.
func replaceFile(path string, text []byte, isSynced bool) error {
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil && isSynced {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		os.Remove(path + ".new")
		return err
	}
	if !isSynced {
		return nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
