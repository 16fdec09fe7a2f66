#!/bin/bash
# run_fuzz.sh BUILD SECONDS: runs each libFuzzer program (*_fuzz) below BUILD for SECONDS.
# The corpus of each is kept in BUILD/corpus, so that a later run starts where this one ended.
set -euo pipefail
build=$(realpath "$1")
seconds=$2
mapfile -t programs < <(find "$build" -type f -name '*_fuzz' -perm -u+x | sort)
[ ${#programs[@]} -gt 0 ] || { echo "No fuzz programs below $build" >&2; exit 1; }
for program in "${programs[@]}"; do
  name=$(basename "$program")
  mkdir -p "$build/corpus/$name"
  if [ -x "${program}_short_run" ]; then "${program}_short_run" --write-seeds "$build/corpus/$name"; fi
  log=$build/corpus/$name.log
  if ! "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
      -artifact_prefix="$build/corpus/$name-" "$build/corpus/$name" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "$name failed" >&2
    exit 1
  fi
done
echo "${#programs[@]} fuzz programs ran for ${seconds}s each"
