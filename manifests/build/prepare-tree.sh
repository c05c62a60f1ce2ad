#!/bin/sh
# Makes a patched source tree from the tarballs of a Debian source package.
#   prepare-tree.sh kubernetes|containerd
#   /source     *.orig.tar.* and *.debian.tar.*
#   /patches    our numbered series for the component
#   /kni        the Go package that is copied into kubernetes; its tests come along
#   /proto      directory of kni.proto
#   /out        the tree, complete only if this ends well
set -eu
component=$1
work=$(mktemp -d)

tar -C /out --strip-components=1 -xf "$(find /source -name '*.orig.tar.*')"
tar -C /out -xf "$(find /source -name '*.debian.tar.*')"

# apply PATCH NAME: without fuzz, since a hunk that lands elsewhere is worse than one that fails
apply() {
  patch -d /out -p1 --fuzz=0 --no-backup-if-mismatch --silent --forward <"$1" >"$work/patch.log" 2>&1 || {
    cat "$work/patch.log"
    echo "patch does not apply: $2"
    exit 1
  }
}
while read -r name; do
  apply "/out/debian/patches/$name" "Debian's $name of $component"
done </out/debian/patches/series
for patch in /patches/[0-9]*.patch; do
  apply "$patch" "$(basename "$patch") of $component"
done

if [ "$component" = kubernetes ]; then
  mkdir -p /out/pkg/kubelet/kni
  cp /kni/*.go /out/pkg/kubelet/kni/
  KNI_PROTO=/proto/kni.proto KUBERNETES=/out sh /scripts/generate-kni-api.sh
fi
rm -rf "$work"
