#!/bin/bash
# Makes .cache/venv with the Python packages of requirements.txt; quick when it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

requirements=tests/support/requirements.txt
python=/usr/bin/python3
wanted=$({ cat "$requirements"; "$python" --version; pwd; } | sha256sum | cut -c1-64)
stamp=.cache/venv/stamp
[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || exit 0

rm -rf .cache/venv
mkdir -p .cache
echo "Making the Python environment of the tests"
log=.cache/venv.log
{ "$python" -m venv .cache/venv && .cache/venv/bin/pip -q install -r "$requirements"; } \
  </dev/null >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
echo "$wanted" >"$stamp"
