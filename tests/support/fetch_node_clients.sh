#!/bin/bash
# Puts the packages of tests/e2e/programs/node into .cache/node/node_modules; quick when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

source=tests/e2e/programs/node
wanted=$({ cat $source/package.json $source/package-lock.json; node --version; } | sha256sum |
  cut -c1-64)
stamp=.cache/node/stamp
[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || exit 0

rm -rf .cache/node
mkdir -p .cache/node
cp $source/package.json $source/package-lock.json .cache/node/
echo "Fetching the Node clients of the tests"
log=.cache/node/npm.log
(cd .cache/node && npm ci --no-audit --no-fund --ignore-scripts) </dev/null >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2; exit 1; }
echo "$wanted" >"$stamp"
