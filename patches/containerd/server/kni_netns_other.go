//go:build !linux

package server

import "errors"

func checkForeignNetNS(path string) error {
	return errors.New("not supported on this platform")
}
