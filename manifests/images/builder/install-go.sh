#!/bin/sh
# Installs Go of another suite, and makes it the one that is found first. Does nothing without arguments.
#   install-go.sh SUITE VERSION, such as trixie-backports 1.26
set -eu
suite=${1:-}
version=${2:-}
[ -n "$suite" ] || exit 0
sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true)
mirror=$(echo "$sources" | sed -n -e 's/^URIs: *//p' -e 's/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' | head -n 1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >/etc/apt/sources.list.d/go.list
apt-get -qq update
apt-get -qq install -y --no-install-recommends -t "$suite" "golang-$version-go"
apt-get clean
ln -s "/usr/lib/go-$version/bin/go" "/usr/lib/go-$version/bin/gofmt" /usr/local/bin/
go version
