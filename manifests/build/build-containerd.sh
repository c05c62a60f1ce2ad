#!/bin/sh
# Builds containerd, containerd-shim-runc-v2 and ctr.
#   VERSION   what `containerd --version` says (required)
#   REVISION  package version the sources come from (default empty)
#   OUT       where the binaries go (default /out)
#   GOPATH    contains src/github.com/containerd/containerd, the patched tree (default /go)
#   GOCACHE   build cache, to be kept from one build to the next (default /cache/go-build)
#   GOARCH    architecture to build for (default: this machine's)
# Needs `apt-get build-dep containerd`: the vendor tree of Debian's sources is partial, the rest is in /usr/share/gocode.
set -eu

: "${VERSION:?the version to build, such as 1.6.20}"
out=${OUT:-/out}
export GOPATH="${GOPATH:-/go}:/usr/share/gocode"
export GOCACHE="${GOCACHE:-/cache/go-build}"
export GO111MODULE=off CGO_ENABLED=0

package=github.com/containerd/containerd
cd "${GOPATH%%:*}/src/$package"
mkdir -p "$out"
go build -trimpath -buildvcs=false -tags 'no_btrfs no_aufs no_zfs no_devmapper' \
  -ldflags "-s -w -X $package/version.Version=$VERSION -X $package/version.Revision=${REVISION:-}" \
  -o "$out/" \
  "$package/cmd/containerd" "$package/cmd/containerd-shim-runc-v2" "$package/cmd/ctr"
