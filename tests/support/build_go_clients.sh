#!/bin/bash
# Builds the programs of tests/e2e/programs/go into .cache/go/bin; quick when they are there. Without a Go that is
# new enough it says so and builds nothing: the tests that miss the programs are skipped by name.
set -euo pipefail
cd "$(dirname "$0")/../.."

source=tests/e2e/programs/go
needed=$(sed -n 's/^go //p' $source/go.mod)
have=$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
if [ -z "$have" ] || [ "$(printf '%s\n' "$needed" "$have" | sort -V | head -n 1)" != "$needed" ]; then
  echo "Go $needed is not installed: franz-go and sarama are skipped"
  rm -rf .cache/go/bin
  exit 0
fi
mkdir -p .cache/go/bin
export GOTOOLCHAIN=local GOMODCACHE=$PWD/.cache/go/modules GOFLAGS="-mod=readonly -modcacherw"
log=$PWD/.cache/go/build.log
(cd $source && go build -o "$OLDPWD/.cache/go/bin/" ./...) >"$log" 2>&1 ||
  { tail -n 30 "$log" >&2; exit 1; }
