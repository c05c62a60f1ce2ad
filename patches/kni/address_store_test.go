package kni

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAddressStoreSurvivesARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when missing")
	newAddressStore(dir).remember("sandbox", []string{"10.0.0.1", "fd00::1"})
	expectStrings(t, newAddressStore(dir).lastKnown("sandbox"), "10.0.0.1", "fd00::1")

	newAddressStore(dir).forget("sandbox")
	expectStrings(t, newAddressStore(dir).lastKnown("sandbox"))
	newAddressStore(dir).forget("sandbox")
}

func TestAddressStoreRemovesPartlyWrittenFiles(t *testing.T) {
	dir := t.TempDir()
	s := newAddressStore(dir)
	s.remember("sandbox", []string{"10.0.0.1"})
	s.remember("sandbox", []string{"10.0.0.2"})
	expectFiles(t, dir, "sandbox")

	if err := os.WriteFile(filepath.Join(dir, ".crashed"), []byte("["), 0600); err != nil {
		t.Fatal(err)
	}
	saved, err := s.saved()
	if err != nil {
		t.Error(err)
	}
	expectStrings(t, saved, "sandbox")
	expectFiles(t, dir, "sandbox")
}

func TestAddressStoreWorksWithoutADisk(t *testing.T) {
	dir := t.TempDir()
	s := newAddressStore(dir)
	// A directory in place of the file makes the write fail, as a full disk does.
	if err := os.MkdirAll(filepath.Join(dir, "sandbox", "in the way"), 0700); err != nil {
		t.Fatal(err)
	}
	s.remember("sandbox", []string{"10.0.0.1"})
	expectStrings(t, s.lastKnown("sandbox"), "10.0.0.1")
	expectFiles(t, dir, "sandbox")
}

func expectFiles(t *testing.T, dir string, expected ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
	}
	expectStrings(t, names, expected...)
}
