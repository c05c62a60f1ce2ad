#!/bin/sh
# Builds containerd, containerd-shim-runc-v2 and ctr.
#   VERSION   version that `containerd --version` reports (required)
#   REVISION  package version the sources come from (default empty)
#   OUT       directory for the binaries (default /out)
#   LAYOUT    gopath, or modules: built only with the tree's vendored packages (default gopath)
#   GOPATH    contains src/github.com/containerd/containerd, the patched tree (default /go)
#   GOCACHE   build cache, to be kept from one build to the next (default /cache/go-build)
#   GOGC      percentage of the live heap at which the compiler collects garbage (default 400)
#   GOARCH    architecture to build for (default: this machine's)
# Debian's sources need `apt-get build-dep containerd`: their vendor tree is partial, the rest is in /usr/share/gocode.
set -eu

: "${VERSION:?the version to build, such as 1.6.20}"
out=${OUT:-/out}
gopath=${GOPATH:-/go}
export GOCACHE="${GOCACHE:-/cache/go-build}" CGO_ENABLED=0
# The compiler spends a third of its time on garbage collection, and on debug information that -w drops anyway: see
# -dwarf=false below.
export GOGC="${GOGC:-400}"
cd "$gopath/src/github.com/containerd/containerd"

case ${LAYOUT:-gopath} in
  gopath)
    export GOPATH="$gopath:/usr/share/gocode" GO111MODULE=off
    module=github.com/containerd/containerd
    ;;
  modules)
    export GOFLAGS="${GOFLAGS:-} -mod=vendor" GOTOOLCHAIN=local GOPROXY=off
    module=$(go list -m)
    ;;
esac
mkdir -p "$out"
go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -tags 'no_btrfs no_aufs no_zfs no_devmapper' \
  -ldflags "-s -w -X $module/version.Version=$VERSION -X $module/version.Revision=${REVISION:-}" \
  -o "$out/" \
  "$module/cmd/containerd" "$module/cmd/containerd-shim-runc-v2" "$module/cmd/ctr"
