#!/bin/sh
# Checks the format of our Go files, then vets and tests them in the patched trees of kubernetes and containerd.
#   GOPATH   contains src/k8s.io/kubernetes and src/github.com/containerd/containerd, both patched; one that is missing is
#            left out (default /go)
#   GOCACHE  build cache (default /cache/go-build)
#   RACE     1 runs the race detector, which needs gcc (default 0)
# Needs the packages of both builds. Tests of containerd that mount something are skipped without the privilege to.
set -eu

gopath=${GOPATH:-/go}
export GOCACHE="${GOCACHE:-/cache/go-build}"
export GO111MODULE=off CGO_ENABLED="${RACE:-0}"
race=
[ "$CGO_ENABLED" = 0 ] || race=-race
tested=0

formatted() { # formatted <file>...
  unformatted=$(gofmt -l "$@")
  [ -z "$unformatted" ] || {
    echo "run gofmt -w on: $unformatted" >&2
    exit 1
  }
}

check() { # check <tags> <package>...
  tags=$1
  shift
  go vet -tags "$tags" "$@"
  # shellcheck disable=SC2086 # empty or one option
  go test $race -tags "$tags" "$@"
  tested=1
}

if [ -d "$gopath/src/k8s.io/kubernetes/pkg/kubelet/kni" ]; then
  cd "$gopath/src/k8s.io/kubernetes"
  formatted pkg/kubelet/kni/*.go
  GOPATH=$gopath check 'providerless dockerless' k8s.io/kubernetes/pkg/kubelet/kni
fi
if [ -e "$gopath/src/github.com/containerd/containerd/pkg/cri/server/kni_netns.go" ]; then
  package=github.com/containerd/containerd/pkg/cri
  cd "$gopath/src/github.com/containerd/containerd"
  formatted pkg/cri/config/kni*.go pkg/cri/store/sandbox/kni*.go pkg/cri/server/kni*.go
  GOPATH=$gopath:/usr/share/gocode check 'no_btrfs no_aufs no_zfs no_devmapper' \
    "$package/config" "$package/store/sandbox" "$package/server"
fi
[ "$tested" = 1 ] || {
  echo "test-kni-package: no patched tree in $gopath/src" >&2
  exit 1
}
