#!/bin/bash
# build.sh PRESET TARGET [-DNAME=VALUE...]: configures the preset and builds the target.
# Quiet: the configuration's own messages go to build/PRESET/configure.log.
set -euo pipefail
cd "$(dirname "$0")/../.."

preset=$1
target=$2
shift 2
mkdir -p "build/$preset"
log=build/$preset/configure.log
cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
cmake --build "build/$preset" --target "$target" --parallel "${JOBS:-$(nproc)}" -- --quiet
