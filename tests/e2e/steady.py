"""A well-behaved client in a process of its own: produces a record, fetches it, and so on, until its
input is closed; then prints what it saw. Run by test_hostile.py as `steady.py PORT TOPIC`."""

import json
import os
import subprocess
import sys
import threading
import time

import batches
from wire import Closed, Connection

PRODUCE_VERSION = 9
FETCH_VERSION = 11
FETCH_WAIT_MS = 30_000
STOP_SECONDS = 120


class Steady:
    """The other side: starts the process, and says what it saw."""

    def __init__(self, port, topic):
        self.process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__), str(port),
                                         topic], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"first round\n", "no round was completed"

    def finish(self):
        try:
            output, _ = self.process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        assert self.process.returncode == 0, "the well-behaved client died"
        return json.loads(output)


def produce(connection, topic, number):
    """The offset that the broker gave to record `number`."""
    batch = batches.sound([b"record %d" % number])
    answer = connection.call("Produce", PRODUCE_VERSION, {
        "acks": -1, "timeout_ms": 60_000,
        "topics": [{"name": topic, "partitions": [{"index": 0, "records": batch}]}]})
    partition = answer["topics"][0]["partitions"][0]
    assert partition["error_code"] == 0, partition
    return partition["base_offset"], batch


def fetch(connection, topic, offset):
    answer = connection.call("Fetch", FETCH_VERSION, {
        "replica_id": -1, "max_wait_ms": FETCH_WAIT_MS, "min_bytes": 1, "session_id": 0,
        "session_epoch": -1,
        "topics": [{"topic": topic, "partitions": [
            {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1 << 20}]}]})
    partition = answer["topics"][0]["partitions"][0]
    assert partition["error_code"] == 0, partition
    return partition["records"]


def round_trip(connection, topic, number):
    """(seconds until the ack, seconds for reading the record back)"""
    started = time.monotonic()
    offset, batch = produce(connection, topic, number)
    produced = time.monotonic()
    assert offset == number, f"record {number} was given offset {offset}"
    got = fetch(connection, topic, offset)
    # The broker fills in base offset and leader epoch; the rest is as it was sent.
    assert got[batches.CRC_AT:] == batch[batches.CRC_AT:], f"record {number} reads as {got!r}"
    return produced - started, time.monotonic() - produced


def quantile(values, share):
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000, 1)


def main(port, topic):
    stop = threading.Event()

    def wait_for_end_of_input():
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_end_of_input, daemon=True).start()
    faults, acks, reads = [], [], []
    try:
        with Connection(port) as connection:
            while not stop.is_set():
                ack, read = round_trip(connection, topic, len(acks))
                acks.append(ack)
                reads.append(read)
                if len(acks) == 1:
                    print("first round", flush=True)
    except (AssertionError, Closed, OSError) as fault:
        faults.append(f"after {len(acks)} rounds: {type(fault).__name__}: {fault}")
    figures = {} if not acks else {
        f"{name}_{share}_ms": quantile(values, number) for name, values in
        (("ack", acks), ("read", reads)) for share, number in (("p50", .5), ("p99", .99), ("max", 1))}
    print(json.dumps({"rounds": len(acks), "faults": faults, **figures}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
