"""Orloj beside the real Kafka: the same load on both, in one run, interleaved.

docs/performance.md says what each figure means. One broker runs at a time, in a fresh folder,
pinned to one core; the load generator is pinned to another. Times to start and idle memory are
taken unpinned.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import contenders
import machine
import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ORDER = ("kafka", "orloj", "orloj", "kafka")
IDLE_SECONDS = 3
LOAD_SECONDS_MAX = 180
GB = 10**9

TOPICS = {
    # In the page cache when acknowledged, as Kafka's are.
    "batched": {"durability": "async"},
    "single": {"durability": "async"},
    "paced": {"durability": "async"},
    # On stable storage, Orloj's default.
    "batched-sync": {},
    "paced-sync": {},
    "schedules": {},
}

BATCHED = ["produce", "--records", "64", "--record-bytes", "1024", "--connections", "4",
           "--in-flight", "5"]
SINGLE = ["produce", "--records", "1", "--record-bytes", "100", "--connections", "1000",
          "--in-flight", "1"]
PACED = ["end-to-end", "--rate", "1000", "--records", "1", "--record-bytes", "1024"]

WARM_UP = [
    ("batched", [*BATCHED, "--requests", "8000", "--seconds", "3", "--warm-seconds", "0"]),
    ("single", [*SINGLE, "--requests", "100000", "--seconds", "4", "--warm-seconds", "0"]),
    ("batched", ["fetch", "--seconds", "2", "--warm-seconds", "0"]),
    ("paced", [*PACED, "--seconds", "3", "--warm-seconds", "0"]),
]
WARM_UP_ROUNDS = {"kafka": 3, "orloj": 1}

# Name of the load, topic, arguments. Whatever writes much comes first: its pages were touched.
LOADS = [
    ("produce", "batched", [*BATCHED, "--requests", "32768", "--seconds", "20"]),
    ("one_record", "single", [*SINGLE, "--requests", "200000", "--seconds", "15"]),
    ("fetch", "batched", ["fetch", "--seconds", "5"]),
    ("end_to_end", "paced", [*PACED, "--seconds", "10", "--warm-seconds", "2"]),
]
ORLOJ_LOADS = [
    ("produce_sync", "batched-sync",
     [*BATCHED, "--acks", "-1", "--requests", "16384", "--seconds", "10"]),
    ("end_to_end_sync", "paced-sync",
     [*PACED, "--acks", "-1", "--seconds", "10", "--warm-seconds", "2"]),
    ("fire", "schedules", ["fire", "--pending", "100000", "--rate", "1000", "--seconds", "20"]),
]
TOUCHED_BYTES = 3 * GB


class Comparison:
    def __init__(self, options):
        self.options = options
        cores = sorted(os.sched_getaffinity(0))
        self.broker_core, self.load_core = cores[-1], cores[0]
        self.folder = tempfile.mkdtemp(prefix="compare-", dir=os.path.dirname(options.json))
        self.runs = []

    def make(self, name):
        if name == "kafka":
            return contenders.Kafka
        return lambda folder: contenders.Orloj(self.options.binary, folder)

    def load(self, broker, topic, arguments, pinned=True):
        """Figures of one load on the broker."""
        place = ["taskset", "-c", str(self.load_core)] if pinned else []
        command = [*place, self.options.load, *arguments, "--port", str(broker.port), "--topic",
                   topic, "--broker-process", str(broker.process.pid)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_SECONDS_MAX,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}\n{broker.log[-2000:]}")
        return json.loads(done.stdout)

    def start_and_idle(self, name):
        """From exec to the first acknowledged record, then memory at rest."""
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)
        broker = self.make(name)(folder)
        broker.spawn()
        try:
            first = self.load(broker, "first",
                              ["first-ack", "--since-ns", str(broker.spawned_ns)], pinned=False)
            contenders.wait_idle(IDLE_SECONDS)
            idle = {"resident_mb": contenders.resident_mb(broker.process.pid)}
        finally:
            broker.kill()
            shutil.rmtree(folder, ignore_errors=True)
        self.note(name, {"start": first, "idle": idle})

    def under_load(self, name):
        folder = tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder)
        broker = contenders.start(self.make(name), folder, self.broker_core)
        figures = {}
        try:
            broker.create_topics(TOPICS)
            for _ in range(WARM_UP_ROUNDS[name]):
                for topic, arguments in WARM_UP:
                    self.load(broker, topic, arguments)
            machine.touch_memory(TOUCHED_BYTES)
            for load, topic, arguments in LOADS + (ORLOJ_LOADS if name == "orloj" else []):
                if self.options.only is None or load in self.options.only:
                    figures[load] = self.load(broker, topic, arguments)
            figures["loaded"] = {"resident_mb": contenders.resident_mb(broker.process.pid)}
        finally:
            broker.kill()
            shutil.rmtree(folder, ignore_errors=True)
        self.note(name, figures)

    def note(self, name, figures):
        print(f"measured {name}: {', '.join(figures)}", file=sys.stderr, flush=True)
        self.runs.append({"broker": name, "load_average": os.getloadavg()[0], "loads": figures})

    def run(self):
        busy = machine.busy_share()
        try:
            for name in ORDER if self.options.only is None else ():
                self.start_and_idle(name)
            for name in ORDER:
                self.under_load(name)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return {
            "machine": machine.describe(ROOT),
            "busy_before": round(busy, 3),
            "quiet": busy <= machine.QUIET_SHARE_MAX,
            "versions": {"orloj": contenders.Orloj.version(self.options.binary),
                         "kafka": contenders.Kafka.version(),
                         "java": contenders.Kafka.java_version()},
            "kafka_command": contenders.JAVA,
            "loads": {load: arguments for load, _, arguments in LOADS + ORLOJ_LOADS},
            "runs": self.runs,
        }


def main():
    release = os.path.join(ROOT, "build", "release")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(release, "orloj"))
    parser.add_argument("--load", default=os.path.join(release, "bench", "orloj_load"))
    parser.add_argument("--json", default=os.path.join(release, "bench", "compare.json"))
    parser.add_argument("--table", default=os.path.join(release, "bench", "compare.md"))
    parser.add_argument("--only", nargs="+", metavar="LOAD",
                        choices=[load for load, _, _ in LOADS + ORLOJ_LOADS],
                        help="these loads alone, without start and idle memory")
    options = parser.parse_args()
    options.json = os.path.abspath(options.json)

    result = Comparison(options).run()
    result["figures"] = table.figures_of(result["runs"])
    with open(options.json, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    text = table.markdown(result)
    with open(options.table, "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


if __name__ == "__main__":
    main()
