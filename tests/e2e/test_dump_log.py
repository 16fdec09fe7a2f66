"""Kafka's own eyes: kafka-dump-log reads every file of our logs without complaint."""

import os
import re
from pathlib import Path

import pytest

from clients import java_command, run

TOPIC = "dumped"
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
BATCHES = 60
VALUE_BYTES = 9_000
COMPLAINTS = re.compile(r"exception|mismatch|corrupt|not valid|isvalid: false|out of order|not found",
                        re.IGNORECASE)


def dump(files, *arguments):
    """What kafka-dump-log says of the files."""
    said = run(java_command("kafka-dump-log", *arguments, "--files", ",".join(map(str, files))),
               "", 120, True)
    complaint = COMPLAINTS.search(said.stdout + said.stderr)
    assert complaint is None, f"{complaint.group()} in\n{(said.stdout + said.stderr)[-4000:]}"
    return said.stdout


def indexes_of(folder, kind):
    """Those with entries: a segment of a few kilobytes needs none."""
    found = [file for file in sorted(folder.glob(f"*.{kind}")) if file.stat().st_size > 0]
    assert len(found) > 3
    return found


@pytest.fixture
def folder(broker, client):
    """The folder of a partition with several segments: each codec, idempotent and not, fired ones."""
    client.create_topic(TOPIC, segment_bytes=1 << 20)
    for idempotent in ("false", "true"):
        for codec in CODECS:
            values = [os.urandom(VALUE_BYTES).hex().encode() for _ in range(BATCHES)]
            client.produce(TOPIC, values, acks="all", compression_type=codec, linger_ms=0,
                           enable_idempotence=idempotent)
    later = [(b"k", b"later %d" % i, {"schedule-delay": "1s"}) for i in range(10)]
    client.produce(TOPIC, later, acks="all")
    count = 2 * len(CODECS) * BATCHES + len(later)
    consumer = client.consumer("dumpers")
    consumer.subscribe([TOPIC])
    assert len(client.read(TOPIC, count)) == count
    consumer.poll(5)
    consumer.commit(asynchronous=False)
    client.close()
    broker.stop()
    return Path(broker.data_folder) / f"{TOPIC}-0"


def test_every_batch_and_record_of_every_segment_is_read(folder):
    segments = sorted(folder.glob("*.log"))
    assert len(segments) > 3
    said = dump(segments, "--deep-iteration")
    offsets = [int(offset) for offset in re.findall(r"^\| offset: (\d+) ", said, re.MULTILINE)]
    assert offsets == list(range(2 * len(CODECS) * BATCHES + 10))
    valid = re.findall(r"isvalid: (\w+)", said)
    assert valid and set(valid) == {"true"}
    assert {codec.lower() for codec in re.findall(r"compresscodec: (\w+)", said)} == set(CODECS)


def test_offset_indexes_fit_the_segments(folder):
    indexes = indexes_of(folder, "index")
    assert dump(indexes, "--index-sanity-check").count("passed sanity check") == len(indexes)
    assert re.search(r"offset: \d+ position: [1-9]", dump(indexes))


def test_time_indexes_fit_the_segments(folder):
    indexes = indexes_of(folder, "timeindex")
    assert dump(indexes, "--index-sanity-check").count("passed sanity check") == len(indexes)
    assert re.search(r"timestamp: \d{13} offset: \d+", dump(indexes))


def test_the_producer_snapshot_tells_the_producer(folder):
    snapshots = sorted(folder.glob("*.snapshot"))
    assert snapshots
    assert re.search(r"producerId: \d+ producerEpoch: 0", dump(snapshots[-1:]))


def test_committed_offsets_are_decoded(folder):
    logs = sorted(folder.parent.glob("__consumer_offsets-*/*.log"))
    said = dump([log for log in logs if log.stat().st_size > 0], "--offsets-decoder")
    assert "dumpers" in said
