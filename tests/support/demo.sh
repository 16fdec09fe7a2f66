#!/bin/bash
# demo.sh BINARY: a 20-second tour of Orloj through the stock client kcat, on a broker of its own.
set -euo pipefail

binary=$1
folder=$(mktemp -d)
port=$((20000 + RANDOM % 5000))
admin_port=$((25000 + RANDOM % 5000))
broker=localhost:$port
pid=

start_broker() {
  "$binary" serve --data-dir "$folder/data" --set "listeners=PLAINTEXT://127.0.0.1:$port" \
    --set "admin.address=127.0.0.1:$admin_port" >>"$folder/broker.log" 2>&1 &
  pid=$!
  for _ in $(seq 50); do
    if kcat -b "$broker" -L -m 1 >/dev/null 2>&1; then return; fi
    kill -0 "$pid" 2>/dev/null || break
  done
  tail -n 20 "$folder/broker.log" >&2
  exit 1
}

cleanup() {
  if [ -n "$pid" ] && kill "$pid" 2>/dev/null; then wait "$pid" || true; fi
  rm -rf "$folder"
}
trap cleanup EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() { printf '  $ %s\n' "$*"; }
# printf's own clock is a coarse one and may lag behind by some milliseconds.
stamp() {
  local now=$EPOCHREALTIME
  printf '  %(%H:%M:%S)T.%s  %s\n' "${now%[.,]*}" "${now: -6:3}" "$1"
}
stamped() { while IFS= read -r line; do stamp "$line"; done; }

start_broker
say "1. A plain topic is plain Kafka."
show "printf 'one\ntwo\n' | kcat -b $broker -P -t tour"
printf 'one\ntwo\n' | kcat -b "$broker" -P -t tour
show "kcat -b $broker -C -t tour -e"
kcat -b "$broker" -C -t tour -e -q | stamped

say "2. A header makes a record wait. One in 8 seconds, one at an instant 11 seconds away:"
at=$(date -u -d '+11 seconds' +%Y-%m-%dT%H:%M:%SZ)
show "echo 'in eight seconds' | kcat -b $broker -P -t tour -H schedule-delay=8s"
echo "in eight seconds" | kcat -b "$broker" -P -t tour -H schedule-delay=8s
show "echo 'at $at' | kcat -b $broker -P -t tour -H schedule-at=$at"
echo "at $at" | kcat -b "$broker" -P -t tour -H "schedule-at=$at"
stamp "both are accepted; consumers see neither:"
kcat -b "$broker" -C -t tour -e -q | stamped

say "3. kill -9 and start again: what is pending stays pending."
{ kill -9 "$pid"; wait "$pid"; } 2>/dev/null || true
start_broker
stamp "the broker is back"

say "4. Each arrives on time, once, as an ordinary record that knows when it was due."
show "kcat -b $broker -C -t tour -o 2 -c 2 -f '%s  (%h)\n'"
kcat -b "$broker" -C -t tour -o 2 -c 2 -q -u -f '%s  (%h)\n' | stamped
say "That is all: no new client, no new protocol, one binary."
