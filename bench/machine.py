"""What the figures were taken on, and how quiet it was."""

import datetime
import os
import platform
import re
import subprocess

from contenders import wait_idle

BUSY_LOOK_SECONDS = 2
# Busy processors beyond this share make latencies meaningless.
QUIET_SHARE_MAX = 0.05
PAGE_CACHE_SPARE_BYTES = 512 << 20
PAGE_CACHE_PIECE_BYTES = 1 << 20


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


class PageCache:
    """Keeps the page cache full, as it is on any machine that has run for a while. Else the loads
    that write pay for where the machine has been: the host of a virtual machine takes unused pages
    away, and the first touch of such a page costs many times what a broker's write does."""

    def __init__(self, folder):
        self.folder = folder
        self.files = []

    def fill(self):
        """Reads the holes of a sparse file, which takes memory and no disk, once: its pages are the
        first to be given up again."""
        free = int(first_match("/proc/meminfo", r"^MemFree:\s+(\d+)")) * 1024
        size = free - PAGE_CACHE_SPARE_BYTES
        if size <= 0:
            return
        path = os.path.join(self.folder, f"page-cache-{len(self.files)}")
        self.files.append(path)
        piece = bytearray(PAGE_CACHE_PIECE_BYTES)
        with open(path, "wb+", buffering=0) as f:
            f.truncate(size)
            while f.readinto(piece):
                pass
