#!/bin/sh
# Downloads the tarballs of a Debian source package into the current directory, from the mirror in this container's apt
# sources.
#   fetch-source.sh SUITE PACKAGE VERSION
set -eu
sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
mirror=$(echo "$sources" | sed -n -e 's/^URIs: *//p' -e 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb-src [signed-by=$keyring] $mirror $1 main" >/tmp/source.list
set -- "$2" "$3" -o Dir::Etc::sourcelist=/tmp/source.list -o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root \
  -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= -o Acquire::Retries=3
package=$1 version=$2
shift 2
apt-get -qq "$@" update
# A mirror can lack a .dsc and still have the tarball. The caller checks the tarball's sha256.
apt-get -qq "$@" source --download-only "$package=$version" \
  || apt-get -qq "$@" source --download-only --tar-only "$package=$version"
