#!/bin/bash
# Puts the jars that kafka_tools_pom.xml names into .cache/kafka/libs; quick when they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."

pom=tests/support/kafka_tools_pom.xml
wanted=$(sha256sum "$pom" | cut -c1-64)
stamp=.cache/kafka/stamp
[ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ] || exit 0

rm -rf .cache/kafka
mkdir -p .cache/kafka
cp "$pom" .cache/kafka/pom.xml
echo "Fetching the jars of Kafka's tools"
log=.cache/kafka/maven.log
for attempt in 1 2 3; do
  if mvn -q -B -f .cache/kafka/pom.xml dependency:copy-dependencies \
      -DoutputDirectory="$PWD/.cache/kafka/libs" </dev/null >"$log" 2>&1; then
    echo "$wanted" >"$stamp"
    exit 0
  fi
  echo "Attempt $attempt failed" >&2
done
tail -n 30 "$log" >&2
exit 1
