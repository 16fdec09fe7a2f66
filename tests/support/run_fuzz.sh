#!/bin/bash
# run_fuzz.sh BUILD SECONDS: runs each libFuzzer program (*_fuzz) below BUILD for SECONDS, JOBS at a
# time. The corpus of each is kept in BUILD/corpus, so that a later run starts where this one ended.
set -euo pipefail
build=$(realpath "$1")
seconds=$2
mapfile -t programs < <(find "$build" -type f -name '*_fuzz' -perm -u+x | sort)
[ ${#programs[@]} -gt 0 ] || { echo "No fuzz programs below $build" >&2; exit 1; }

run_one() {
  local build=$1 seconds=$2 program=$3
  local name corpus
  name=$(basename "$program")
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  if [ -x "${program}_short_run" ]; then "${program}_short_run" --write-seeds "$corpus"; fi
  if ! "$program" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 \
      -artifact_prefix="$corpus-" "$corpus" >"$corpus.log" 2>&1; then
    tail -n 60 "$corpus.log" >&2
    echo "$name failed" >&2
    return 255  # xargs starts no other
  fi
}
export -f run_one
printf '%s\0' "${programs[@]}" |
  xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'run_one "$@"' run_fuzz "$build" "$seconds"
echo "${#programs[@]} fuzz programs ran for ${seconds}s each"
