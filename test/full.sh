#!/usr/bin/env bash
# Runs all tests except `npm run test:soak`: unit, integration with a fault for each requirement of the conformance suite, the
# dashboard's page with an hour of churn, all end-to-end chapters, the Go tests with the race detector, and the unit tests of the
# runtime on the Node.js of the nodes. Takes hours. Goes on after a failure, and writes the result into docs/tests.md, to be committed.
set -uo pipefail
cd "$(dirname "$0")/.."

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
start=$SECONDS
status=0
npm run check || status=1
npm test -- --reporter=default --reporter=json --outputFile.json="$reports/tests.json" || status=1
KNI_SOAK=1 npm run test:page -- --reporter=default --reporter=json --outputFile.json="$reports/page.json" || status=1
KNI_SOAK=1 npm run test:integration -- conformance --reporter=default --reporter=json --outputFile.json="$reports/conformance.json" || status=1
KNI_E2E_RACE=1 npm run test:e2e -- --reporter=default --reporter=json --outputFile.json="$reports/e2e.json" || status=1
# The end-to-end tests have put the nodes' Node.js into the cache.
node22=$(ls -t "${XDG_CACHE_HOME:-$HOME/.cache}"/kni-demo/artifacts/nodejs-*/node | head -n 1)
KNI_NODE=$node22 npm run test:node22 -- --reporter=default --reporter=json --outputFile.json="$reports/node22.json" || status=1

summary=$(node test/summary.js "$reports/tests.json" "$reports/page.json" "$reports/conformance.json" "$reports/e2e.json" "$reports/node22.json") || exit 1
[ "$status" = 0 ] || summary="$summary, exit code 1"
commit=$(git describe --always --dirty)
line="Last full run: $(date -I), commit \`$commit\`, $(((SECONDS - start) / 60)) minutes: $summary."
sed -i "s/^Last full run: .*/$line/" docs/tests.md
echo "$line"
exit "$status"
