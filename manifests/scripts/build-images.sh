#!/bin/sh
# Makes the archive of images that the nodes are preloaded with, in the format of `docker save`.
#   build-images.sh [control-plane] [sample] [nodejs]
#   /out         where the archive goes, as images.tar
#   SAMPLE       name of the sample's image
# For Node.js, which runs the DNS server:
#   /nodejs      node
#   NODEJS       name of its image
# For the control plane, with etcd and pause; runs in the node-base image, whose packages it takes iptables from:
#   /kubernetes  kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy
#   /pause       pause
#   REPOSITORY, VERSION, PAUSE, ETCD  image names
set -eu
work=$(mktemp -d)
archive=$work/archive
mkdir "$archive"
architecture=$(dpkg --print-architecture)

# from_debian PACKAGE: its files, in $work/debian
apt-get -qq update
from_debian() {
  (cd "$work" && apt-get -qq download -o APT::Sandbox::User=root "$1")
  dpkg-deb -x "$work/$1"_*.deb "$work/debian"
}

# image NAME ENTRYPOINT-JSON: one image of one uncompressed layer from the tree in $work/root
image() {
  layer=$(mktemp -p "$work")
  tar -C "$work/root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$layer" .
  diff=$(sha256sum "$layer" | cut -d' ' -f1)
  mv "$layer" "$archive/$diff.tar"
  config=$(printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Entrypoint":%s,"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$architecture" "$2" "$diff")
  digest=$(printf '%s' "$config" | sha256sum | cut -d' ' -f1)
  printf '%s' "$config" >"$archive/$digest.json"
  printf '{"Config":"%s.json","RepoTags":["%s"],"Layers":["%s.tar"]}\n' "$digest" "$1" "$diff" >>"$work/manifest"
  rm -rf "$work/root"
}
# Lists the shared libraries of these programs, including the loader.
libraries() { ldd "$@" 2>/dev/null | grep -o '/[^ )]*' | grep -v ':$' | sort -u; }
# copy_libraries PROGRAM: puts the shared libraries of the program into the image's tree.
copy_libraries() {
  for library in $(libraries "$1"); do
    mkdir -p "$work/root$(dirname "$library")"
    cp -L "$library" "$work/root$library"
  done
}
fresh() { mkdir -p "$work/root/tmp" "$work/root/usr/local/bin"; chmod 1777 "$work/root/tmp"; }

control_plane() {
  for component in kube-apiserver kube-controller-manager kube-scheduler; do
    fresh
    cp "/kubernetes/$component" "$work/root/usr/local/bin/"
    image "$REPOSITORY/$component:$VERSION" "[\"/usr/local/bin/$component\"]"
  done

  # kube-proxy runs iptables and conntrack, so the image has only these and their libraries. The nft variant also works
  # on nodes with the legacy variant: both use the same kernel hooks.
  fresh
  cp "/kubernetes/kube-proxy" "$work/root/usr/local/bin/"
  tools="/usr/sbin/xtables-nft-multi /usr/sbin/conntrack /bin/kmod"
  xtables=$(dirname "$(find /usr/lib -name libxt_comment.so)")
  for file in $tools "$xtables"/*.so $(libraries $tools "$xtables"/*.so); do
    mkdir -p "$work/root$(dirname "$file")"
    cp -L "$file" "$work/root$file"
  done
  for name in iptables ip6tables; do
    for verb in '' -save -restore; do ln -s xtables-nft-multi "$work/root/usr/sbin/$name$verb"; done
  done
  mkdir -p "$work/root/sbin" "$work/root/etc" "$work/root/run" "$work/root/lib/modules"
  ln -s ../bin/kmod "$work/root/sbin/modprobe"
  image "$REPOSITORY/kube-proxy:$VERSION" '["/usr/local/bin/kube-proxy"]'

  fresh
  cp "/pause/pause" "$work/root/pause"
  image "$PAUSE" '["/pause"]'

  # Debian links etcd to libc dynamically.
  from_debian etcd-server
  fresh
  cp "$work/debian/usr/bin/etcd" "$work/root/usr/local/bin/"
  copy_libraries "$work/debian/usr/bin/etcd"
  image "$ETCD" '["/usr/local/bin/etcd"]'
}

# Prints a wget that PATH finds before busybox's own, which crashes on -T (exit code 139, Debian 12's busybox 1.35).
# timeout(1) applies the limit to the whole download instead.
wget_with_timeout() {
  cat <<'EOF'
#!/bin/ash
limit=
left=$#
while [ "$left" -gt 0 ]; do
  argument=$1
  shift
  left=$((left - 1))
  case $argument in
    -T) limit=$1 && shift && left=$((left - 1)) ;;
    -T*) limit=${argument#-T} ;;
    *) set -- "$@" "$argument" ;;
  esac
done
[ -n "$limit" ] || exec busybox wget "$@"
timeout "$limit" busybox wget "$@"
code=$?
[ "$code" -ne 143 ] || echo 'wget: download timed out' >&2
exit $((code == 143 ? 1 : code))
EOF
}

# The sample: busybox, whose ash is what the sample pod runs, with a name for every applet. It is not busybox-static, whose ash
# prefers its own applets to PATH, and would not find this wget.
sample() {
  from_debian busybox
  fresh
  mkdir -p "$work/root/bin" "$work/root/etc" "$work/root/root"
  busybox=$(find "$work/debian" -path '*/bin/busybox' -type f)
  cp "$busybox" "$work/root/bin/busybox"
  copy_libraries "$busybox"
  for applet in $("$busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/ash' >"$work/root/etc/passwd"
  wget_with_timeout >"$work/root/usr/local/bin/wget"
  chmod 755 "$work/root/usr/local/bin/wget"
  image "$SAMPLE" '["/bin/ash"]'
}

# Node.js alone. The DNS server's program comes from a ConfigMap, so that it can change without a new image.
nodejs() {
  fresh
  cp "/nodejs/node" "$work/root/usr/local/bin/"
  copy_libraries "/nodejs/node"
  image "$NODEJS" '["/usr/local/bin/node"]'
}

for group in "$@"; do
  case $group in
    control-plane) control_plane ;;
    sample) sample ;;
    nodejs) nodejs ;;
    *)
      echo "build-images: no such group: $group" >&2
      exit 64
      ;;
  esac
done
jq -s . "$work/manifest" >"$archive/manifest.json"
tar -C "$archive" -cf "/out/images.tar" .
rm -rf "$work"
