#!/bin/sh
# Fails where a source tree wants a later Go than the one that is here.
#   check-go.sh COMPONENT TREE
set -eu
component=$1
tree=$2
wanted=$(sed -n 's/^go \([0-9][0-9.]*\).*/\1/p' "$tree/go.mod" 2>/dev/null | head -n 1)
[ -n "$wanted" ] || exit 0
here=$(go version | sed -n 's/^go version go\([0-9.]*\).*/\1/p')
latest=$(printf '%s\n' "$wanted" "$here" | sort -V | tail -n 1)
[ "$latest" = "$here" ] || {
  echo "Go does not fit: $component wants Go $wanted (go.mod), and there is Go $here"
  exit 1
}
