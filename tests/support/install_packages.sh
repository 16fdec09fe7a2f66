#!/bin/bash
# install_packages.sh LIST...: installs the Debian packages named in the list files that are not installed yet.
# Says nothing and touches nothing when all are there. A line `package:command` is content with any
# command of that name.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=$(cat "$@" | sed 's/#.*//' | sort -u)
missing=()
for line in $wanted; do
  package=${line%%:*}
  [ "$package" = "$line" ] || ! command -v "${line#*:}" >/dev/null || continue
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing: ${missing[*]}" >&2
    echo "Run this as root once, or install sudo." >&2
    exit 1
  fi
  as_root=(sudo)
fi

mkdir -p .cache
log=.cache/packages.log
echo "Installing ${#missing[@]} Debian packages (log: $log)"
install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" </dev/null >>"$log" 2>&1
}
: >"$log"
"${as_root[@]}" apt-get update -qq </dev/null >>"$log" 2>&1 || true
install || { tail -n 30 "$log" >&2; exit 1; }
