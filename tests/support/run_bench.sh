#!/bin/bash
# run_bench.sh FOLDER: runs every benchmark program in FOLDER and writes NAME.json beside it.
set -euo pipefail
folder=$1
shopt -s nullglob
ran=0
for program in "$folder"/*_bench; do
  "$program" --benchmark_out="$program.json" --benchmark_out_format=json
  ran=1
done
[ "$ran" = 1 ] || { echo "No benchmark programs in $folder" >&2; exit 1; }
