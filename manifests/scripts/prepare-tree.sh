#!/bin/sh
# Makes a patched source tree from the tarballs of a Debian source package, or from one tarball of the whole tree.
#   prepare-tree.sh kubernetes|containerd
#   SOURCE   directory of *.orig.tar.* and *.debian.tar.*, or of tree.tar (default /source)
#   PATCHED  false: leave out our series and our Go files (default true)
#   PATCHES  our numbered series for the component (default /patches)
#   GO_FILES our Go files for the component, tests included, which are copied into the tree (default /go-files)
#   CRI      generation of CRI whose adapter is copied into kubernetes: v1alpha2, or v1 for a current kubelet (default v1alpha2)
#   LAYOUT   how it will be built, see check-go.sh
#   PROTO    directory of kni.proto (default /proto)
#   OUT      the tree, complete only if this script succeeds (default /out)
set -eu

component=$1
source=${SOURCE:-/source}
patches=${PATCHES:-/patches}
go_files=${GO_FILES:-/go-files}
cri=${CRI:-v1alpha2}
proto=${PROTO:-/proto}
out=${OUT:-/out}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# tarball KIND: prints its path; ignores signatures
tarball() {
  find "$source" -name "*.$1.tar.*" ! -name '*.asc' | grep . || {
    echo "no tarball of $component: *.$1.tar.*" >&2
    exit 1
  }
}
# apply PATCH NAME: without fuzz, since a hunk that lands elsewhere is worse than one that fails
apply() {
  patch -d "$out" -p1 --fuzz=0 --no-backup-if-mismatch --silent --forward <"$1" >"$work/patch.log" 2>&1 || {
    cat "$work/patch.log"
    echo "patch does not apply: $2"
    exit 1
  }
}

if [ -e "$source/tree.tar" ]; then
  tar -C "$out" -xf "$source/tree.tar"
else
  orig=$(tarball orig)
  debian=$(tarball debian)
  tar -C "$out" --strip-components=1 -xf "$orig"
  tar -C "$out" -xf "$debian"
  # The last line may lack its line end. Options or a comment may follow a name.
  while read -r name _ || [ -n "$name" ]; do
    case $name in
      '' | '#'*) ;;
      *) apply "$out/debian/patches/$name" "Debian's $name of $component" ;;
    esac
  done <"$out/debian/patches/series"
fi
sh "$here/check-go.sh" "$component" "$out"
[ "${PATCHED:-true}" = true ] || exit 0

for patch in "$patches"/[0-9]*.patch; do
  apply "$patch" "$(basename "$patch") of $component"
done

case $component in
  kubernetes)
    mkdir -p "$out/pkg/kubelet/kni"
    cp "$go_files"/*.go "$go_files/cri-$cri"/*.go "$out/pkg/kubelet/kni/"
    KNI_PROTO=$proto/kni.proto KUBERNETES=$out sh "$here/generate-kni-api.sh"
    ;;
  containerd)
    if [ -d "$out/internal/cri" ]; then
      cri_plugin=$out/internal/cri release=release-2
    else
      cri_plugin=$out/pkg/cri release=release-1.6
    fi
    for package in config server store/sandbox; do
      cp "$go_files/$package"/*.go "$cri_plugin/$package/"
    done
    for package in config server; do
      cp "$go_files/$release/$package"/*.go "$cri_plugin/$package/"
    done
    ;;
esac
