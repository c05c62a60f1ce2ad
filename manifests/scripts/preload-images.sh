#!/bin/sh
# Imports image archives into containerd's content store, as kind does when it builds a node image.
# Runs inside `docker build`, without privilege: nothing is unpacked, so nothing is mounted.
#   preload-images.sh ARCHIVE...
set -eu
containerd >/tmp/containerd.log 2>&1 &
pid=$!
tries=0
until ctr version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -le 150 ] || { cat /tmp/containerd.log >&2; echo "containerd did not answer within 30 s" >&2; exit 1; }
  sleep 0.2
done
for archive in "$@"; do
  ctr --namespace k8s.io images import --no-unpack "$archive"
done
kill "$pid"
wait "$pid" || true
rm -rf /var/lib/containerd/io.containerd.grpc.v1.introspection /var/lib/containerd/tmpmounts
