"""What every test with hostile clients watches: other clients, memory, and that the broker lives."""

import json

import pytest

from steady import Steady
from wire import Connection

KIBIBYTE = 1 << 10
MEBIBYTE = 1 << 20

# Small budgets, so that a test can pass them. The deadlines are those of a test's patience.
QUEUED_BYTES = 32 * MEBIBYTE
INFLATED_BYTES = 16 * MEBIBYTE
FRAME_BYTES = 8 * MEBIBYTE
JOURNAL_BYTES = 16 * MEBIBYTE
SETTINGS = {
    "queued.max.request.bytes": QUEUED_BYTES,
    "decompressed.batch.max.bytes": INFLATED_BYTES,
    "socket.request.max.bytes": FRAME_BYTES,
    "log.journal.pending.max.bytes": JOURNAL_BYTES,
    "socket.frame.deadline.ms": 1000,
    "socket.write.deadline.ms": 1000,
    "shutdown.drain.ms": 2000,
}

# What the broker may hold beyond its size at rest: the frames in flight, what decoding claims of
# them (4 times), a batch inflated for the checks and once more for its records, what is queued for
# the disk, and a little for each connection. RocksDB, thread stacks and malloc's own needs: slack.
DECODE_FACTOR = 4
INFLATED_COPIES = 4
JOURNAL_BUFFERS = 2  # one is filled while the other one is written
CONNECTION_BYTES = 16 * KIBIBYTE
SLACK_BYTES = 48 * MEBIBYTE
STEADY_TOPIC = "steady"


def memory_bytes(pid, line):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        found = [row for row in f if row.startswith(line + ":")]
    return int(found[0].split()[1]) * KIBIBYTE


def is_sanitized(pid):
    """A sanitizer's own memory is beyond any budget."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
        maps = f.read()
    return any(name in maps for name in ("libasan", "libtsan"))


class Guard:
    """A broker, a well-behaved client at work on it, and the figures of both."""

    def __init__(self, broker, connections=0):
        self.broker = broker
        self.port = broker.port
        self.pid = broker.process.pid
        self.create_topic(STEADY_TOPIC)
        self.steady = Steady(self.port, STEADY_TOPIC)
        self.at_rest = memory_bytes(self.pid, "VmRSS")
        self.budget = (QUEUED_BYTES * (1 + DECODE_FACTOR) + INFLATED_BYTES * INFLATED_COPIES
                       + JOURNAL_BYTES * JOURNAL_BUFFERS + connections * CONNECTION_BYTES
                       + SLACK_BYTES)

    def connect(self, **options):
        return Connection(self.port, **options)

    def create_topic(self, name, partitions=1, **configs):
        with self.connect() as connection:
            answer = connection.call("CreateTopics", 5, {"timeout_ms": 60_000, "topics": [{
                "name": name, "num_partitions": partitions, "replication_factor": 1,
                "configs": [{"name": key.replace("_", "."), "value": str(value)}
                            for key, value in configs.items()]}]})
        assert answer["topics"][0]["error_code"] == 0, answer
        return name

    def end_offset(self, topic, partition=0):
        with self.connect() as connection:
            answer = connection.call("ListOffsets", 4, {"replica_id": -1, "topics": [
                {"name": topic, "partitions": [{"partition_index": partition, "timestamp": -1}]}]})
        found = answer["topics"][0]["partitions"][0]
        assert found["error_code"] == 0, found
        return found["offset"]

    def produce(self, topic, batch, connection=None, version=9):
        """The answer about one batch."""
        values = {"acks": -1, "timeout_ms": 60_000,
                  "topics": [{"name": topic, "partitions": [{"index": 0, "records": batch}]}]}
        if connection is None:
            with self.connect() as own:
                answer = own.call("Produce", version, values)
        else:
            answer = connection.call("Produce", version, values)
        return answer["topics"][0]["partitions"][0]

    def check(self, name):
        """The other client saw nothing, the memory stayed within its budget, the broker stops clean."""
        assert self.broker.running, f"the broker died:\n{self.broker.log[-4000:]}"
        peak = memory_bytes(self.pid, "VmHWM")
        seen = self.steady.finish()
        grown = peak - self.at_rest
        print(f"HOSTILE {name}: peak {grown / MEBIBYTE:.1f} MiB over {self.at_rest / MEBIBYTE:.1f} "
              f"at rest, budget {self.budget / MEBIBYTE:.0f}; other client {json.dumps(seen)}")
        assert not seen["faults"], seen["faults"]
        if not is_sanitized(self.pid):
            assert grown <= self.budget, f"{grown} bytes over {self.at_rest}, budget {self.budget}"
        self.broker.stop()


@pytest.fixture
def guarded(make_broker, request):
    """Starts a guarded broker; checks it when the test has passed."""
    guards = []

    def make(settings=None, connections=0):
        guards.append(Guard(make_broker({**SETTINGS, **(settings or {})}), connections))
        return guards[-1]

    yield make
    failed = getattr(request.node, "failed", False)
    for guard in guards:
        if failed:
            guard.steady.process.kill()
        else:
            guard.check(request.node.name)
