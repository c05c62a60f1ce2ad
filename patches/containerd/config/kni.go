package config

import (
	"fmt"
	"path/filepath"
)

// validateKNINetNSDir accepts an empty directory name, which switches the adoption of network namespaces off.
func validateKNINetNSDir(dir string) error {
	if dir != "" && (!filepath.IsAbs(dir) || filepath.Clean(dir) != dir) {
		return fmt.Errorf("`kni_netns_dir` must be an absolute and clean path, not %q", dir)
	}
	return nil
}
