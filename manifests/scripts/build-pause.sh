#!/bin/sh
# Builds pause, the program of the sandbox image.
#   OUT         directory for the binary (default /out)
#   KUBERNETES  tree with build/pause/linux/pause.c (default /go/src/k8s.io/kubernetes)
#   VERSION     version that `pause -v` reports (default: the tree's own)
#   CC          compiler, a cross compiler to build for another architecture (default gcc)
set -eu

out=${OUT:-/out}
directory=${KUBERNETES:-/go/src/k8s.io/kubernetes}/build/pause
version=${VERSION:-$(sed -n 's/^TAG *?*= *//p' "$directory/Makefile")}
mkdir -p "$out"
"${CC:-gcc}" -Os -Wall -Werror -static -s -DVERSION="v$version" -o "$out/pause" "$directory/linux/pause.c"
