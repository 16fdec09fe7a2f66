#!/bin/bash
# run_bench.sh FOLDER: runs every benchmark program in FOLDER and writes NAME.json beside it.
set -euo pipefail
folder=$1
shopt -s nullglob
ran=0
for program in "$folder"/*_bench; do
  # What it says about the machine stands in the JSON too.
  "$program" --benchmark_min_time=0.2 --benchmark_out="$program.json" \
    --benchmark_out_format=json 2>"$program.log" || { cat "$program.log" >&2; exit 1; }
  ran=1
done
[ "$ran" = 1 ] || { echo "No benchmark programs in $folder" >&2; exit 1; }
