#!/bin/sh
# Compiles the network runtime in the current directory, a directory of a GOPATH, into one static executable. Downloads nothing: packages
# come from the project's own `vendor` directory and from Debian's packages of Go libraries.
#   OUT      directory for the executable (default /out)
#   GOPATH   contains the project (default /go)
#   GOCACHE  build cache, to be kept from one build to the next (default /cache/go-build)
#   GOGC     percentage of the live heap at which the compiler collects garbage (default 400)
set -eu

out=${OUT:-/out}
export GOPATH="${GOPATH:-/go}:/usr/share/gocode" GO111MODULE=off CGO_ENABLED=0
export GOCACHE="${GOCACHE:-/cache/go-build}" GOGC="${GOGC:-400}"
name=$(go list -e -f '{{.Name}}' .)
case $name in
'' | main) ;;
*)
  echo "the directory has package $name, but a program is package main" >&2
  exit 1
  ;;
esac
go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags '-s -w' -o "$out/runtime" .
