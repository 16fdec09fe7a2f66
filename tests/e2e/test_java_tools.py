"""Kafka 4.3.1's own command-line tools."""

import re
import time
from pathlib import Path

import pytest

from clients import java_command, java_tool, kcat, kcat_json, run


def produce(broker, topic, text, *more):
    java_tool(broker, "kafka-console-producer", "--topic", topic, *more, stdin=text)


def consume(broker, topic, count, *more):
    return java_tool(broker, "kafka-console-consumer", "--topic", topic, "--from-beginning",
                     "--max-messages", str(count), "--timeout-ms", "30000", *more).stdout


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_console_tools_read_what_they_wrote(broker, codec):
    lines = "".join(f"line {i}\n" for i in range(100))
    produce(broker, "console", lines, "--compression-codec", codec)
    assert consume(broker, "console", 100) == lines


def test_what_the_console_producer_wrote_kcat_reads(broker):
    produce(broker, "crossing", "a:b\tkey\tvalue\n", "--reader-property", "parse.key=true",
            "--reader-property", "parse.headers=true")
    read = kcat_json(broker, "-t", "crossing", "-c", "1")
    assert (read[0]["key"], read[0]["payload"], read[0]["headers"]) == ("key", "value", {"a": "b"})


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_what_kcat_wrote_the_console_consumer_reads(broker, codec):
    lines = "".join(f"{i}\n" for i in range(50))
    kcat(broker, "-P", "-t", "back", "-z", codec, stdin=lines)
    assert consume(broker, "back", 50) == lines


def test_topics_are_created_listed_described_and_deleted(broker):
    java_tool(broker, "kafka-topics", "--create", "--topic", "made", "--partitions", "3",
              "--config", "retention.ms=60000")
    again = java_tool(broker, "kafka-topics", "--create", "--topic", "made", check=False)
    assert again.returncode != 0 and "already exists" in again.stdout + again.stderr
    assert "made" in java_tool(broker, "kafka-topics", "--list").stdout.split()
    described = java_tool(broker, "kafka-topics", "--describe", "--topic", "made").stdout
    assert re.search(r"PartitionCount: 3\b", described), described
    assert "retention.ms=60000" in described
    assert len(re.findall(r"Partition: \d", described)) == 3
    java_tool(broker, "kafka-topics", "--delete", "--topic", "made")
    assert "made" not in java_tool(broker, "kafka-topics", "--list").stdout.split()


def test_a_group_is_listed_described_and_resumes_after_a_restart(broker, how):
    java_tool(broker, "kafka-topics", "--create", "--topic", "work", "--partitions", "2")
    produce(broker, "work", "1\n2\n3\n")
    assert sorted(consume(broker, "work", 3, "--group", "workers").split()) == ["1", "2", "3"]
    broker.restart(how)
    produce(broker, "work", "4\n")
    assert "workers" in java_tool(broker, "kafka-consumer-groups", "--list").stdout.split()
    described = java_tool(broker, "kafka-consumer-groups", "--describe", "--group", "workers")
    rows = [line.split() for line in described.stdout.splitlines() if line.startswith("workers")]
    assert sum(int(row[3]) for row in rows) == 3 and sum(int(row[5]) for row in rows) == 1, rows
    state = java_tool(broker, "kafka-consumer-groups", "--describe", "--group", "workers",
                      "--state").stdout
    assert "Empty" in state
    assert consume(broker, "work", 1, "--group", "workers") == "4\n"


def test_offsets_are_got_by_name_and_by_time(broker):
    produce(broker, "counted", "1\n2\n", "--command-property", "acks=all")
    middle = int(time.time() * 1000) + 1
    produce(broker, "counted", "3\n", "--command-property", "acks=all")

    def offset(at):
        return java_tool(broker, "kafka-get-offsets", "--topic", "counted", "--time",
                         str(at)).stdout.strip()
    assert offset("latest") == "counted:0:3"
    assert offset("earliest") == "counted:0:0"
    assert offset(middle) == "counted:0:2"
    assert offset("max-timestamp") == "counted:0:2"


def test_a_consumer_starts_at_an_offset(broker):
    produce(broker, "middle", "0\n1\n2\n3\n")
    read = java_tool(broker, "kafka-console-consumer", "--topic", "middle", "--partition", "0",
                     "--offset", "2", "--max-messages", "2", "--timeout-ms", "30000").stdout
    assert read == "2\n3\n"


def test_configs_of_topics_and_of_the_broker_are_described(broker):
    java_tool(broker, "kafka-topics", "--create", "--topic", "kept", "--config",
              "retention.ms=60000")
    changed = java_tool(broker, "kafka-configs", "--describe", "--topic", "kept").stdout
    assert "retention.ms=60000" in changed and "segment.bytes" not in changed
    everything = java_tool(broker, "kafka-configs", "--describe", "--all", "--topic", "kept").stdout
    assert "segment.bytes=1073741824" in everything
    listed = java_tool(broker, "kafka-configs", "--describe", "--all", "--entity-type", "brokers",
                       "--entity-name", "1").stdout
    assert "num.partitions=1" in listed and "default.replication.factor=1" in listed


def test_performance_tools_write_and_read(broker):
    java_tool(broker, "kafka-topics", "--create", "--topic", "perf", "--partitions", "2")
    written = java_tool(broker, "kafka-producer-perf-test", "--topic", "perf", "--num-records",
                        "20000", "--record-size", "100", "--throughput", "-1").stdout
    assert "20000 records sent" in written
    read = java_tool(broker, "kafka-consumer-perf-test", "--topic", "perf", "--num-records",
                     "20000", "--hide-header").stdout
    # start, end, megabytes, megabytes a second, records, ...
    assert int(read.strip().splitlines()[-1].split(", ")[4]) == 20000, read


def dump(file, *more):
    return run([*java_command("kafka-dump-log"), *more, "--files", str(file)]).stdout


@pytest.fixture
def stopped(broker, client):
    """The folder of a partition with several segments and two epochs, of a broker that is down."""
    client.create_topic("dumped", segment_bytes=1048576)
    values = [b"%d " % i * 1000 for i in range(500)]
    small = {"compression_type": "none", "enable_idempotence": True, "batch_num_messages": 2}
    client.produce("dumped", values, **small)
    broker.restart("kill")
    client.produce("dumped", values, **small)
    broker.stop()
    return Path(broker.data_folder, "dumped-0")


@pytest.mark.full
def test_segments_are_read_by_kafkas_dump_tool(stopped):
    segments = sorted(stopped.glob("*.log"))
    assert len(segments) > 1, segments
    for segment in segments:
        dumped = dump(segment, "--deep-iteration")
        assert "isvalid: true" in dumped and "isvalid: false" not in dumped


@pytest.mark.full
def test_indexes_are_read_by_kafkas_dump_tool(stopped):
    indexes = sorted(stopped.glob("*.index")) + sorted(stopped.glob("*.timeindex"))
    assert len(indexes) > 2, indexes
    for index in indexes:
        dumped = dump(index, "--index-sanity-check")
        assert "passed sanity check" in dumped or "is empty" in dumped, dumped
        # Compares each entry with the segment beside it, and tells what does not fit.
        dumped = dump(index)
        for complaint in ("mismatch", "not found", "out of order"):
            assert complaint not in dumped.lower(), dumped
    dumped = dump(indexes[0])
    assert re.search(r"^offset: \d+ position: \d+$", dumped, re.MULTILINE), dumped


@pytest.mark.full
def test_producer_snapshots_are_read_by_kafkas_dump_tool(stopped):
    snapshots = sorted(stopped.glob("*.snapshot"))
    assert snapshots
    dumped = dump(snapshots[-1])
    assert len(re.findall(r"^producerId: \d+ producerEpoch: 0 ", dumped, re.MULTILINE)) == 2, dumped


@pytest.mark.full
@pytest.mark.orloj_only
def test_leader_epochs_stand_in_kafkas_format(stopped):
    lines = (stopped / "leader-epoch-checkpoint").read_text(encoding="utf-8").splitlines()
    assert lines == ["0", "2", "0 0", "1 500"]
