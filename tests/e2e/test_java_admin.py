"""Kafka's own tools for records, partitions, groups and data directories; a kill loses nothing of it."""

import json
import signal

import pytest

from broker import STOP_SECONDS
from clients import Python, collect, java_tool
from polling import wait_until


def numbered(client, topic, count, partition=0):
    client.produce(topic, [b"%d" % i for i in range(count)], partition=partition, acks="all")


def delete_records(broker, folder, *rows, check=True):
    """rows: (topic, partition, offset)."""
    file = folder / "offsets.json"
    partitions = [{"topic": t, "partition": p, "offset": o} for t, p, o in rows]
    file.write_text(json.dumps({"version": 1, "partitions": partitions}), encoding="utf-8")
    return java_tool(broker, "kafka-delete-records", "--offset-json-file", str(file), check=check)


def groups(broker, *arguments, check=True):
    return java_tool(broker, "kafka-consumer-groups", *arguments, check=check)


def committed(broker, group, topic):
    """Committed offset by partition."""
    described = groups(broker, "--describe", "--group", group).stdout
    rows = [line.split() for line in described.splitlines() if line.startswith(group)]
    return {int(row[2]): int(row[3]) for row in rows if row[1] == topic and row[3] != "-"}


def read_as(client, group, topic, count):
    """A member reads `count` records, commits and leaves."""
    consumer = client.consumer(group)
    consumer.subscribe([topic])
    found = collect(consumer, count)
    consumer.commit(asynchronous=False)
    client.close()
    return found


def test_records_are_deleted(broker, client, tmp_path):
    client.create_topic("t", 2)
    numbered(client, "t", 10)
    done = delete_records(broker, tmp_path, ("t", 0, 4), ("t", 1, -1))
    assert "t-0\tlow_watermark: 4" in done.stdout and "t-1\tlow_watermark: 0" in done.stdout
    assert client.watermarks("t") == (4, 10)
    assert [r.value for r in client.read("t", 6, [0])] == [b"%d" % i for i in range(4, 10)]
    refused = delete_records(broker, tmp_path, ("t", 0, 11), check=False)
    assert "OffsetOutOfRangeException" in refused.stdout + refused.stderr
    delete_records(broker, tmp_path, ("t", 0, -1))
    assert client.watermarks("t") == (10, 10)


@pytest.mark.orloj_only
def test_deleted_records_stay_deleted_across_a_kill(broker, client, tmp_path):
    client.create_topic("t")
    numbered(client, "t", 10)
    delete_records(broker, tmp_path, ("t", 0, 4))
    broker.restart("kill")
    assert client.watermarks("t") == (4, 10)


def test_a_compacted_topic_keeps_its_records(broker, client, tmp_path):
    client.create_topic("t", cleanup_policy="compact")
    refused = delete_records(broker, tmp_path, ("t", 0, 0), check=False)
    assert "PolicyViolationException" in refused.stdout + refused.stderr


@pytest.mark.orloj_only
def test_promise_4_deleted_records_do_not_take_pending_schedules_along(broker, client, tmp_path):
    client.create_topic("t")
    numbered(client, "t", 3)
    answers = client.produce("t", [(None, b"later", {"schedule-delay": "8s"})], partition=0)
    assert answers[0].error is None
    delete_records(broker, tmp_path, ("t", 0, -1))
    broker.restart("kill")
    fired = client.read("t", 1, [0], offset=3)
    assert (fired[0].offset, fired[0].value) == (3, b"later")


def test_partitions_are_added(broker, client):
    client.create_topic("t", 2)
    numbered(client, "t", 3)
    java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions", "4")
    broker.restart("kill")
    wait_until(lambda: client.partitions("t") == [0, 1, 2, 3], 20, "four partitions")
    numbered(client, "t", 2, partition=3)
    assert client.watermarks("t", 3) == (0, 2)
    assert client.watermarks("t", 0) == (0, 3)
    for count, words in (("4", "already has 4 partition"), ("1", "would not be an increase")):
        refused = java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions",
                            count, check=False)
        assert words in refused.stdout + refused.stderr
    java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions", "5",
              "--replica-assignment", "1,1,1,1,1")
    wait_until(lambda: len(client.partitions("t")) == 5, 20, "five partitions")


def test_a_group_reads_the_partitions_that_were_added(broker, client):
    client.create_topic("t")
    consumer = client.consumer("g", topic_metadata_refresh_interval_ms=500)
    consumer.subscribe(["t"])
    numbered(client, "t", 1)
    collect(consumer, 1)
    consumer.commit(asynchronous=False)
    java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions", "2")
    wait_until(lambda: len(client.partitions("t")) == 2, 20, "two partitions")
    numbered(client, "t", 1, partition=1)
    assert collect(consumer, 1)[0].partition == 1


@pytest.mark.orloj_only
def test_a_kill_between_directories_and_catalogue_adds_nothing(make_broker):
    broker = make_broker()
    client = Python(broker)
    client.create_topic("t")
    numbered(client, "t", 3)
    broker.stop()
    broker.environment = {"ORLOJ_CRASH_POINT": "create-topic-after-directory"}
    broker.start()
    java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions", "3", check=False,
              timeout=150)
    assert broker.process.wait(STOP_SECONDS) == -signal.SIGKILL
    broker.environment = {}
    broker.start()
    assert client.partitions("t") == [0]
    java_tool(broker, "kafka-topics", "--alter", "--topic", "t", "--partitions", "3")
    numbered(client, "t", 1, partition=2)
    broker.restart("kill")
    assert client.watermarks("t", 0) == (0, 3)
    assert client.watermarks("t", 2) == (0, 1)


def test_a_group_is_deleted_for_good_once_it_is_empty(broker, client):
    client.create_topic("t")
    numbered(client, "t", 3)
    consumer = client.consumer("g")
    consumer.subscribe(["t"])
    collect(consumer, 3)
    consumer.commit(asynchronous=False)
    refused = groups(broker, "--delete", "--group", "g", check=False)
    assert "GroupNotEmptyException" in refused.stdout + refused.stderr
    client.close()
    deleted = groups(broker, "--delete", "--group", "g")
    assert "Deletion of requested consumer groups ('g') was successful" in deleted.stdout
    broker.restart("kill")
    assert "g" not in groups(broker, "--list").stdout.split()
    again = groups(broker, "--delete", "--group", "g", check=False)
    assert "GroupIdNotFoundException" in again.stdout + again.stderr
    assert len(read_as(client, "g", "t", 3)) == 3


def test_offsets_are_deleted_where_nobody_reads(broker, client):
    for topic in ("t", "u"):
        client.create_topic(topic)
        numbered(client, topic, 3)
        read_as(client, "g", topic, 3)
    consumer = client.consumer("g")
    consumer.subscribe(["t"])
    wait_until(lambda: consumer.poll(0.1) or consumer.assignment(), 30, "a member")
    refused = groups(broker, "--delete-offsets", "--group", "g", "--topic", "t", check=False)
    assert "GroupSubscribedToTopicException" in refused.stdout + refused.stderr or (
        "subscribed" in refused.stdout + refused.stderr)
    groups(broker, "--delete-offsets", "--group", "g", "--topic", "u:0")
    client.close()
    broker.restart("kill")
    assert committed(broker, "g", "u") == {}
    assert committed(broker, "g", "t") == {0: 3}


def test_offsets_are_reset(broker, client):
    client.create_topic("t")
    numbered(client, "t", 10)
    read_as(client, "g", "t", 10)

    def reset(*how):
        groups(broker, "--reset-offsets", "--group", "g", "--topic", "t", *how)
        return committed(broker, "g", "t")[0]
    assert reset("--to-earliest", "--dry-run") == 10
    assert reset("--to-earliest", "--execute") == 0
    assert reset("--shift-by", "3", "--execute") == 3
    assert reset("--to-offset", "7", "--execute") == 7
    broker.restart("kill")
    assert [r.value for r in read_as(client, "g", "t", 3)] == [b"7", b"8", b"9"]


def test_data_directories_are_described(broker, client):
    client.create_topic("t", 2)
    numbered(client, "t", 3)

    def described(*arguments):
        lines = java_tool(broker, "kafka-log-dirs", "--describe", *arguments).stdout.splitlines()
        return json.loads(next(line for line in lines if line.startswith("{")))["brokers"][0]
    only = described("--topic-list", "t")["logDirs"][0]
    assert only["logDir"] == broker.data_folder and only["error"] is None
    sizes = {p["partition"]: p["size"] for p in only["partitions"]}
    assert sizes["t-0"] > 0 and sizes["t-1"] == 0 and len(sizes) == 2
    assert all(p["offsetLag"] == 0 and not p["isFuture"] for p in only["partitions"])
    client.create_topic("u")
    everything = described("--broker-list", "1")["logDirs"][0]["partitions"]
    assert {"t-0", "t-1", "u-0"} <= {p["partition"] for p in everything}
