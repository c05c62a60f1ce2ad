#!/bin/sh
# Builds the client of `npm run bench` from the kubelet's client of KNI, with the kubelet's libraries and Debian's libcni.
#   TREE     the patched tree of kubernetes (default /go/src/k8s.io/kubernetes)
#   CLIENT   the Go files of the client (default /client)
#   OUT      directory for the program `client` (default /out)
#   GOCACHE  build cache (default /cache/go-build)
# Needs the packages of the containerd build, which bring libcni.
set -eu

tree=${TREE:-/go/src/k8s.io/kubernetes}
client=${CLIENT:-/client}
out=${OUT:-/out}
export GOCACHE="${GOCACHE:-/cache/go-build}" GO111MODULE=off CGO_ENABLED=0

# The same path each time, because paths are part of the keys of the build cache.
work=/tmp/bench-client
rm -rf "$work"
# The first directory comes before the kubelet's libraries, which have an older libcni.
export GOPATH="$work/first:$work/kubelet"
kni=k8s.io/kubernetes/pkg/kubelet/kni
mkdir -p "$work/first/src/client" "$work/first/src/github.com" "$work/first/src/$kni" "$work/kubelet"
cp -R /usr/share/gocode/src/github.com/containernetworking "$work/first/src/github.com/"
cp -R "$tree/pkg/kubelet/kni/api" "$work/first/src/$kni/"
ln -s "$tree/vendor" "$work/kubelet/src"

cd "$work/first/src/client"
cp "$client"/*.go .
# The kubelet's package exports no client.
sed 's/^package kni$/package main/' "$tree/pkg/kubelet/kni/client.go" >kubelet-client.go

unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || {
  echo "run gofmt -w on: $unformatted" >&2
  exit 1
}
go vet .
go build -trimpath -o "$out/client" .
