#!/bin/sh
# Vets and tests the KNI package with its adapter for CRI v1, against the libraries of a current kubelet that a newer suite
# of Debian packages. No suite has the source of a current kubelet itself.
#   test-kni-package-v1.sh SUITE, such as forky
#   KNI      the Go package (default /kni)
#   PROTO    directory of kni.proto (default /proto)
#   GO       version of Go to take from the suite (default 1.26)
#   GOCACHE  build cache (default /cache/go-build)
#   RACE     1 runs the race detector, which needs gcc (default 0)
# Needs protobuf-compiler, protoc-gen-go and the mirror that this container's apt knows. Installs nothing: the suite's
# packages are unpacked into a directory that is removed in the end.
set -eu

suite=$1
kni=${KNI:-/kni}
proto=${PROTO:-/proto}
go=${GO:-1.26}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A separate apt, which has only the suite and considers no package installed.
sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
mirror=$(echo "$sources" | sed -n -e 's/^URIs: *//p' -e 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
: >"$work/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "root";
Acquire::Retries "3";
// An outdated mirror is good enough for tests. Its packages are still signed.
Acquire::Check-Valid-Until "false";
END
export APT_CONFIG="$work/apt.conf"
apt-get -qq update

# The imports of the package and their dependencies, except the libraries of cloud providers: a gigabyte that no package
# here imports.
apt-get -qq -s --no-install-recommends install "golang-$go-go" golang-k8s-cri-api-dev golang-k8s-client-go-dev \
  golang-k8s-apimachinery-dev golang-k8s-klog-dev golang-k8s-utils-dev golang-google-grpc-dev \
  golang-google-protobuf-dev >"$work/plan"
packages="golang-$go-go golang-$go-src $(sed -n 's/^Inst \(golang-.*-dev\) .*/\1/p' "$work/plan" \
  | grep -v -e -aws- -e google-api -e google-cloud)"
# shellcheck disable=SC2086 # one word for each package
(cd "$work/debs" && apt-get -qq download $packages)
for deb in "$work"/debs/*.deb; do
  dpkg -x "$deb" "$work/root"
done
unset APT_CONFIG

tree=$work/go/src/k8s.io/kubernetes
mkdir -p "$tree/pkg/kubelet/kni"
cp "$kni"/*.go "$kni"/cri-v1/*.go "$tree/pkg/kubelet/kni/"
KNI_PROTO=$proto/kni.proto KUBERNETES=$tree sh "$here/generate-kni-api.sh"

echo "of $suite:"
sed -n -E "s/^Inst golang-($go-go|k8s-(cri-api|client-go|apimachinery)-dev|google-(grpc|protobuf)-dev) \\(([^ ]*).*/  golang-\\1 \\4/p" "$work/plan"
export GOROOT="$work/root/usr/lib/go-$go" GOPATH="$work/go:$work/root/usr/share/gocode"
export GOCACHE="${GOCACHE:-/cache/go-build}" GOTOOLCHAIN=local GO111MODULE=off CGO_ENABLED="${RACE:-0}"
race=
[ "$CGO_ENABLED" = 0 ] || race=-race
PATH=$GOROOT/bin:$PATH
cd "$tree"
unformatted=$(gofmt -l pkg/kubelet/kni/*.go)
[ -z "$unformatted" ] || {
  echo "run gofmt -w on: $unformatted" >&2
  exit 1
}
go vet ./pkg/kubelet/kni
# shellcheck disable=SC2086 # empty or one option
go test $race ./pkg/kubelet/kni
