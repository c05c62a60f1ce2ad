#!/bin/sh
# Builds programs of kubernetes: build-kubernetes.sh <component>..., such as kubelet kubeadm kube-apiserver.
#   VERSION   version that the programs report, such as v1.20.2; kubeadm installs this version (required)
#   COMMIT    git commit to show as the source (default: the tree's own)
#   OUT       directory for the binaries (default /out)
#   LAYOUT    gopath, or modules: built only with the tree's vendored packages (default gopath)
#   GOPATH    contains src/k8s.io/kubernetes, the patched tree (default /go)
#   GOCACHE   build cache, to be kept from one build to the next (default /cache/go-build)
#   GOGC      percentage of the live heap at which the compiler collects garbage (default 400)
#   GOARCH    architecture to build for (default: this machine's)
# Needs golang-go, and for a GOPATH golang-github-modern-go-reflect2-dev. All components of one call share one `go build`.
set -eu

: "${VERSION:?the version to build, such as v1.20.2}"
out=${OUT:-/out}
layout=${LAYOUT:-gopath}
export GOPATH="${GOPATH:-/go}"
export GOCACHE="${GOCACHE:-/cache/go-build}" CGO_ENABLED=0
# The compiler spends a third of its time on garbage collection, and on debug information that -w drops anyway: see
# -dwarf=false below.
export GOGC="${GOGC:-400}"

here=$(cd "$(dirname "$0")" && pwd)
module=k8s.io/kubernetes
cd "$GOPATH/src/$module"

if [ "$layout" = modules ]; then
  export GOTOOLCHAIN=local GOPROXY=off
  vendored=
else
  # Go 1.17 and later refuse the go.mod of a release that is older than modules.
  export GO111MODULE=off
  # Only the vendored paths exist.
  vendored=$module/vendor/
  # The vendored 1.0.1 crashes when compiled by Go 1.18 or later.
  reflect2=github.com/modern-go/reflect2
  if [ ! -e "vendor/$reflect2/go_above_118.go" ]; then
    rm -rf "vendor/$reflect2"
    cp -R "/usr/share/gocode/src/$reflect2" "vendor/$reflect2"
  fi
fi

packages=
for component in "$@"; do
  case $component in
    kubelet | kubeadm | kubectl | kube-apiserver | kube-controller-manager | kube-scheduler | kube-proxy) ;;
    *)
      echo "build-kubernetes: no such component: $component" >&2
      exit 64
      ;;
  esac
  [ "$component $layout" != 'kube-apiserver gopath' ] || sh "$here/generate-openapi.sh"
  packages="$packages $module/cmd/$component"
done
: "${packages:?no component to build}"

numbers=${VERSION#v}
major=${numbers%%.*}
minor=${numbers#*.}
minor=${minor%%.*}
flags='-s -w'
# Both packages have version variables.
for package in component-base/version client-go/pkg/version; do
  path=${vendored}k8s.io/$package
  flags="$flags -X $path.gitVersion=$VERSION -X $path.gitMajor=$major -X $path.gitMinor=$minor"
  flags="$flags -X $path.gitTreeState=clean${COMMIT:+ -X $path.gitCommit=$COMMIT}"
done

mkdir -p "$out"
# shellcheck disable=SC2086 # one word for each package
go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -tags 'providerless dockerless' -ldflags "$flags" -o "$out/" $packages
