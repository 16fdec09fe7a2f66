"""The holes that compaction leaves: clients read over them, from offset 0 and from inside of one."""

from pathlib import Path

import pytest

from clients import kcat_json
from polling import wait_until
from programs import Program

TOPIC = "compacted"
KEYS = 20
ROUNDS = 30
VALUE_BYTES = 10_000
SETTINGS = {"log.cleaner.backoff.ms": 200, "log.checkpoint.interval.ms": 200}


@pytest.fixture
def broker(make_broker):
    return make_broker(SETTINGS)


def read_by_kcat(broker, start=0):
    """(offset, key, value) of each record from `start` to the end."""
    read = kcat_json(broker, "-t", TOPIC, "-p", "0", "-o", str(start), "-e")
    return [(r["offset"], r["key"], r["payload"]) for r in read]


def compacted(broker):
    """The records that are left, once no segment but the last holds a key twice."""
    segments = sorted(Path(broker.data_folder).rglob(f"{TOPIC}-0/*.log"))
    closed_up_to = int(segments[-1].stem)
    left = read_by_kcat(broker)
    closed = [key for offset, key, _ in left if offset < closed_up_to]
    return left if closed and len(closed) == len(set(closed)) else None


@pytest.fixture
def left(broker, client):
    """Writes each key many times, waits for the compaction, and returns the records left."""
    client.create_topic(TOPIC, cleanup_policy="compact", segment_bytes=1 << 20,
                        min_cleanable_dirty_ratio=0.01)
    for number in range(ROUNDS):
        # Every batch holds a key that no later round writes: it stays, with holes around.
        records = [(b"%d" % key, b"%d " % number + b"x" * VALUE_BYTES, None) for key in range(KEYS)]
        records.insert(number % KEYS, (b"only %d" % number, b"once", None))
        client.produce(TOPIC, records, acks="all", compression_type="none", linger_ms=20)
    return wait_until(lambda: compacted(broker), 60, "the compaction")


def holes(left):
    """The first offset that is gone, the last one, and one from the middle."""
    offsets = {offset for offset, _, _ in left}
    gone = [offset for offset in range(left[-1][0]) if offset not in offsets]
    return [gone[0], gone[len(gone) // 2], gone[-1]]


def test_what_is_left_is_the_last_of_each_key(left):
    assert left[-1][0] == ROUNDS * (KEYS + 1) - 1
    latest = {key: value for _, key, value in left}
    expected = {str(key) for key in range(KEYS)} | {f"only {n}" for n in range(ROUNDS)}
    assert set(latest) == expected
    for key in range(KEYS):
        assert latest[str(key)].startswith(f"{ROUNDS - 1} ")
    assert len(left) < ROUNDS * (KEYS + 1) / 2


def test_librdkafka_reads_from_inside_a_hole(broker, client, left):
    for start in holes(left):
        expected = [record for record in left if record[0] >= start]
        assert read_by_kcat(broker, start) == expected
        read = client.read(TOPIC, len(expected), offset=start)
        assert [r.offset for r in read] == [offset for offset, _, _ in expected]


def test_kafkajs_reads_from_inside_a_hole(broker, left, tmp_path):
    program = Program("kafkajs", broker, tmp_path)
    try:
        for start in [0, *holes(left)]:
            expected = [record for record in left if record[0] >= start]
            read = program.ask("read", topic=TOPIC, partition=0, offset=start,
                               count=len(expected), ms=60_000)
            assert [(r["offset"], r["key"], r["value"]) for r in read] == expected
    finally:
        program.close()
