#!/bin/sh
# Generates the OpenAPI definitions that kube-apiserver needs and the kubernetes tree lacks, unless they are up to date.
#   GOPATH   contains src/k8s.io/kubernetes (default /go)
#   GOCACHE  build cache (default /cache/go-build)
# The tree's own `make generated_files` does not work with this Go.
set -eu

export GOPATH="${GOPATH:-/go}"
export GOCACHE="${GOCACHE:-/cache/go-build}"
export GO111MODULE=off CGO_ENABLED=0
unset GOARCH GOOS # the generator runs here

module=k8s.io/kubernetes
package=pkg/generated/openapi
file=zz_generated.openapi.go
cd "$GOPATH/src/$module"

# Packages in the staging directories are imported by their vendored path.
tagged=$(grep -rl --include='*.go' '^// *+k8s:openapi-gen=' cmd pkg plugin staging/src |
  sed 's|^staging/src|vendor|; s|/[^/]*$||' | LC_ALL=C sort -u |
  grep -v -e '^vendor/k8s.io/code-generator' -e '^vendor/k8s.io/sample-apiserver')

# shellcheck disable=SC2086 # one word for each directory
if [ -s "$package/$file" ] && [ -z "$(find $tagged -maxdepth 1 -name '*.go' -newer "$package/$file" | head -n 1)" ]; then
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -buildvcs=false -o "$work/openapi-gen" "$module/vendor/k8s.io/kube-openapi/cmd/openapi-gen"
"$work/openapi-gen" \
  --input-dirs "$(printf '%s\n' "$tagged" | sed "s|^|$module/|" | paste -s -d , -)" \
  --output-base "$work" --output-package "$module/$package" --output-file-base "${file%.go}" \
  --go-header-file vendor/k8s.io/code-generator/hack/boilerplate.go.txt \
  --report-filename "$work/report" >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
# The known violations of the API rules tell whether all packages were found.
diff "$work/report" api/api-rules/violation_exceptions.list >&2 || {
  echo 'generate-openapi: not the API that this tree expects, see above' >&2
  exit 1
}
# Renames the file, so that an interrupted run leaves no incomplete file.
mv "$work/$module/$package/$file" "$package/.$file.new"
mv "$package/.$file.new" "$package/$file"
