#!/bin/sh
# Checks the format of the network runtime in the current directory, a directory of a GOPATH, then vets and tests it. Needs the privilege to
# make namespaces, and the packages of build-go-runtime.sh.
#   GOPATH   contains the project (default /go)
#   GOCACHE  build cache (default /cache/go-build)
set -eu

unformatted=$(gofmt -l ./*.go)
[ -z "$unformatted" ] || {
  echo "run gofmt -w on: $unformatted" >&2
  exit 1
}
export GOPATH="${GOPATH:-/go}:/usr/share/gocode" GO111MODULE=off CGO_ENABLED=0 GOCACHE="${GOCACHE:-/cache/go-build}"
go vet -trimpath .
go test -trimpath -gcflags=all=-dwarf=false -count=1 .
