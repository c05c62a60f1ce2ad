#!/bin/sh
# Generates the Go messages of KNI into a kubernetes tree.
#   KNI_PROTO   the definition (default /src/kni/kni.proto)
#   KUBERNETES  the tree (default /go/src/k8s.io/kubernetes)
# Needs protobuf-compiler and protoc-gen-go. Only messages: protoc-gen-go-grpc wants a newer gRPC than the tree has.
set -eu

proto=${KNI_PROTO:-/src/kni/kni.proto}
tree=${KUBERNETES:-/go/src/k8s.io/kubernetes}
package=pkg/kubelet/kni/api

mkdir -p "$tree/$package"
protoc --proto_path="$(dirname "$proto")" \
  --go_out="$tree" --go_opt=module=k8s.io/kubernetes \
  "$(basename "$proto")"
test -s "$tree/$package/kni.pb.go" || {
  echo "generate-kni-api: $proto did not generate into $package; look at its go_package" >&2
  exit 1
}
