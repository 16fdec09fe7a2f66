"""What the figures were taken on, and how quiet it was."""

import datetime
import mmap
import os
import platform
import re
import subprocess

from contenders import wait_idle

BUSY_LOOK_SECONDS = 2
# Busy processors beyond this share make latencies meaningless.
QUIET_SHARE_MAX = 0.05


def first_match(path, pattern):
    with open(path, encoding="utf-8") as f:
        match = re.search(pattern, f.read(), re.MULTILINE)
    return match.group(1).strip() if match else "unknown"


def busy_share():
    """Share of all processors that was busy during a look, while nothing of ours runs."""
    def times():
        with open("/proc/stat", encoding="utf-8") as f:
            numbers = [int(word) for word in f.readline().split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]
    before = times()
    wait_idle(BUSY_LOOK_SECONDS)
    after = times()
    total = after[0] - before[0]
    return 1 - (after[1] - before[1]) / total if total else 0.0


def revision(root):
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, check=False,
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def describe(root):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "revision": revision(root),
        "processor": first_match("/proc/cpuinfo", r"^model name\s*: (.*)$"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(first_match("/proc/meminfo", r"^MemTotal:\s+(\d+)")) / 1e6, 1),
        "kernel": platform.release(),
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="(.*)"$'),
    }


def touch_memory(wanted_bytes):
    """Touches free memory and gives it back. A virtual machine's host takes unused pages away; the
    first touch of such a page costs a broker's write many times what it does itself."""
    available = int(first_match("/proc/meminfo", r"^MemAvailable:\s+(\d+)")) * 1024
    size = min(wanted_bytes, available // 3)
    if size > 0:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()
