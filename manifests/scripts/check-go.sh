#!/bin/sh
# Fails if a source tree requires a later Go than the installed one, or names another minor release to be built with.
#   check-go.sh COMPONENT TREE
#   LAYOUT  modules for trees that the release itself would build with this Go (default gopath)
set -eu
component=$1
tree=$2
wanted=$(sed -n 's/^go \([0-9][0-9.]*\).*/\1/p' "$tree/go.mod" 2>/dev/null | head -n 1)
[ -n "$wanted" ] || exit 0
here=$(go version | sed -n 's/^go version go\([0-9.]*\).*/\1/p')
latest=$(printf '%s\n' "$wanted" "$here" | sort -V | tail -n 1)
[ "$latest" = "$here" ] || {
  echo "Go does not fit: $component requires Go $wanted (go.mod), but Go $here is installed"
  exit 1
}
# 1.26.4 → 1.26
minor() { echo "$1" | cut -d. -f1,2; }
named=$(sed 's/rc.*//' "$tree/.go-version" 2>/dev/null || true)
if [ -n "$named" ] && [ "$(minor "$named")" != "$(minor "$here")" ] && [ "${LAYOUT:-gopath}" = modules ]; then
  echo "Go does not fit: $component is released with Go $named (.go-version), but Go $here is installed"
  exit 1
fi
