"""confluent-kafka (librdkafka behind Python): produce, consume, groups, offsets, topics."""

import time

import pytest
from confluent_kafka import (ConsumerGroupState, ConsumerGroupTopicPartitions, KafkaException,
                             TopicPartition)
from confluent_kafka.admin import ConfigResource, NewTopic, OffsetSpec, ResourceType

from clients import collect, poll_one
from polling import wait_until

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


@pytest.mark.parametrize("codec", CODECS)
def test_each_codec_is_read_back_as_sent(client, codec):
    client.create_topic("codecs")
    sent = [(b"k%d" % i, b"value %d " % i * 20, [("n", str(i))]) for i in range(200)]
    answers = client.produce("codecs", sent, compression_type=codec, acks="all")
    assert [a.offset for a in answers] == list(range(200))
    read = client.read("codecs", 200)
    assert [(r.key, r.value) for r in read] == [(k, v) for k, v, _ in sent]
    assert [r.headers["n"] for r in read] == [str(i) for i in range(200)]


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_each_acks_setting_delivers(client, acks):
    client.create_topic("acks")
    client.produce("acks", [b"one", b"two"], acks=acks)
    assert [r.value for r in client.read("acks", 2)] == [b"one", b"two"]


def test_a_null_key_and_a_null_value_stay_null(client):
    client.create_topic("nulls")
    client.produce("nulls", [(None, b"v", None), (b"k", None, None), (b"", b"", None)])
    assert [(r.key, r.value) for r in client.read("nulls", 3)] == [
        (None, b"v"), (b"k", None), (b"", b"")]


def test_an_unknown_topic_is_created_by_the_first_record(client):
    answers = client.produce("made-on-demand", [b"first"])
    assert answers[0].error is None
    assert client.read("made-on-demand", 1)[0].value == b"first"


def test_a_record_of_900_kilobytes_passes(client):
    client.create_topic("large")
    value = bytes(range(256)) * 3600
    assert client.produce("large", [value])[0].error is None
    assert client.read("large", 1)[0].value == value


def test_a_record_over_the_limit_is_refused(client):
    client.create_topic("limited", max_message_bytes=10000)
    answers = client.produce("limited", [b"x" * 20000, b"small"], message_max_bytes=100000,
                             batch_num_messages=1)
    assert answers[0].error.name() == "MSG_SIZE_TOO_LARGE"
    assert answers[1].error is None


def test_topics_are_created_described_listed_and_deleted(client):
    client.create_topic("orders", 3, retention_ms=12345)
    with pytest.raises(KafkaException, match="TOPIC_ALREADY_EXISTS"):
        client.admin.create_topics([NewTopic("orders", 1, 1)])["orders"].result(20)
    described = client.admin.describe_configs([ConfigResource(ResourceType.TOPIC, "orders")])
    assert next(iter(described.values())).result(20)["retention.ms"].value == "12345"
    assert client.partitions("orders") == [0, 1, 2]
    client.admin.delete_topics(["orders"])["orders"].result(20)
    wait_until(lambda: "orders" not in client.admin.list_topics(timeout=10).topics, 20,
               "the topic is gone")


def test_a_topic_deleted_and_made_again_is_empty(client):
    client.create_topic("again")
    client.produce("again", [b"old"])
    client.admin.delete_topics(["again"])["again"].result(20)
    wait_until(lambda: "again" not in client.admin.list_topics(timeout=10).topics, 20, "gone")
    client.create_topic("again")
    client.produce("again", [b"new"])
    assert [r.value for r in client.read("again", 1)] == [b"new"]


def test_offsets_are_found_by_timestamp(client):
    client.create_topic("clocked")
    start = int(time.time() * 1000)
    producer = client.producer()
    for i in range(10):
        producer.produce("clocked", value=str(i), timestamp=start + i * 1000)
        producer.flush(20)
    consumer = client.consumer()
    found = consumer.offsets_for_times(
        [TopicPartition("clocked", 0, start + 4500)], timeout=20)
    assert found[0].offset == 5
    consumer.assign(found)
    assert collect(consumer, 5)[0].value == b"5"
    listed = client.admin.list_offsets({TopicPartition("clocked", 0): OffsetSpec.max_timestamp()})
    assert next(iter(listed.values())).result(20).offset == 9
    late = consumer.offsets_for_times(
        [TopicPartition("clocked", 0, start + 100000)], timeout=20)
    assert late[0].offset in (-1, 10)


def test_an_idempotent_producer_writes_once_across_a_restart(client, broker, how):
    client.create_topic("once", 2)
    producer = client.producer(enable_idempotence=True, retry_backoff_ms=100)
    failed = []
    for i in range(300):
        producer.produce("once", value=str(i), partition=i % 2,
                         on_delivery=lambda error, _: error and failed.append(error))
        producer.poll(0)
        if i == 100:
            producer.flush(30)
        if i == 150:
            broker.restart(how)
    assert producer.flush(60) == 0 and failed == []
    values = [int(r.value) for r in client.read("once", 300)]
    assert sorted(values) == list(range(300))


def test_records_survive_a_restart(client, broker, how):
    client.create_topic("kept", 3)
    client.produce("kept", [(b"%d" % i, b"%d" % i, None) for i in range(300)], acks="all")
    broker.restart(how)
    assert {r.value for r in client.read("kept", 300)} == {b"%d" % i for i in range(300)}
    answers = client.produce("kept", [b"after"], partition=0)
    assert answers[0].error is None
    assert answers[0].offset == client.watermarks("kept", 0)[1] - 1


def test_a_consumer_that_waits_is_woken_by_a_record(client):
    client.create_topic("quiet")
    consumer = client.consumer(fetch_wait_max_ms=5000)
    consumer.assign([TopicPartition("quiet", 0, 0)])
    poll_one(consumer, 1)
    sent = time.monotonic()
    client.produce("quiet", [b"wake"])
    assert collect(consumer, 1)[0].value == b"wake"
    assert time.monotonic() - sent < 4, "the fetch waited for its deadline instead of the record"


def joined(consumer, others=()):
    """The partitions a consumer holds, once it and the others have been polled."""
    for each in (consumer, *others):
        poll_one(each, 0.05)
    return {p.partition for p in consumer.assignment()}


@pytest.mark.parametrize("strategy", ["range", "roundrobin", "cooperative-sticky"])
def test_members_share_the_partitions_and_rebalance(client, strategy):
    client.create_topic("shared", 6)
    members = [client.consumer("team", partition_assignment_strategy=strategy) for _ in range(3)]
    for member in members:
        member.subscribe(["shared"])

    def shared_out(living):
        held = [joined(member, living) for member in living]
        return sum(map(len, held)) == 6 and len(set().union(*held)) == 6 and all(held)

    wait_until(lambda: shared_out(members), 60, "three members hold two partitions each")
    leaver = members.pop()
    leaver.close()
    client.consumers.remove(leaver)
    wait_until(lambda: shared_out(members), 60, "two members hold three partitions each")
    client.produce("shared", [(b"%d" % i, b"%d" % i, None) for i in range(60)])
    seen = []

    def read_all():
        seen.extend(r.value for r in (poll_one(m, 0.05) for m in members) if r)
        return len(seen) >= 60
    wait_until(read_all, 30, "the group reads every record")
    assert sorted(seen, key=int) == [b"%d" % i for i in range(60)]


def test_a_member_that_dies_is_missed_and_replaced(client):
    client.create_topic("mortal", 2)
    dying = client.consumer("wake", session_timeout_ms=6000, max_poll_interval_ms=6000)
    dying.subscribe(["mortal"])
    wait_until(lambda: len(joined(dying)) == 2, 30, "the first member holds both")
    heir = client.consumer("wake")
    heir.subscribe(["mortal"])
    wait_until(lambda: len(joined(heir)) == 2, 60,
               "the second member holds both after the first stopped polling")
    # Never closed: close() of a member that missed max.poll.interval.ms can wait for itself for ever
    # inside librdkafka (rd_kafka_rebalance_protocol, called from the rebalance callback).
    client.consumers.remove(dying)


def test_static_membership_keeps_its_partitions_over_a_return(client):
    client.create_topic("static", 4)
    settings = {"group_instance_id": "one", "session_timeout_ms": 30000}
    first = client.consumer("fixed", **settings)
    other = client.consumer("fixed", group_instance_id="two", session_timeout_ms=30000)
    for member in (first, other):
        member.subscribe(["static"])
    wait_until(lambda: len(joined(first, [other])) == 2 and len(joined(other, [first])) == 2, 60,
               "both hold two")
    held = joined(first)
    first.close()
    client.consumers.remove(first)
    back = client.consumer("fixed", **settings)
    back.subscribe(["static"])
    wait_until(lambda: joined(back, [other]), 30, "the instance is back")
    assert joined(back) == held
    assert len(joined(other)) == 2


def test_a_group_resumes_where_it_committed(client, broker, how):
    client.create_topic("resume")
    client.produce("resume", [b"%d" % i for i in range(20)])
    first = client.consumer("readers")
    first.subscribe(["resume"])
    assert [r.value for r in collect(first, 20)][7] == b"7"
    first.commit(offsets=[TopicPartition("resume", 0, 8, metadata="note")], asynchronous=False)
    first.close()
    client.consumers.remove(first)
    broker.restart(how)
    second = client.consumer("readers")
    committed = second.committed([TopicPartition("resume", 0)], timeout=30)
    assert (committed[0].offset, committed[0].metadata) == (8, "note")
    second.subscribe(["resume"])
    assert [r.value for r in collect(second, 12)] == [b"%d" % i for i in range(8, 20)]


def test_members_stay_in_their_group_over_a_restart(client, broker, how):
    client.create_topic("steady", 4)
    members = [client.consumer("steady-group", session_timeout_ms=30000) for _ in range(2)]
    for member in members:
        member.subscribe(["steady"])

    def all_held():
        held = [joined(member, members) for member in members]
        return sorted(len(h) for h in held) == [2, 2]
    wait_until(all_held, 60, "two members hold two each")
    broker.restart(how)
    client.produce("steady", [(b"%d" % i, b"%d" % i, None) for i in range(40)])
    seen = set()

    def read_all():
        seen.update(r.value for r in (poll_one(m, 0.1) for m in members) if r)
        return len(seen) == 40
    wait_until(read_all, 60, "the group goes on reading")
    members[0].commit(asynchronous=False)


def test_groups_are_listed_and_described(client):
    client.create_topic("seen", 2)
    client.produce("seen", [b"a"], partition=0)
    consumer = client.consumer("visible", client_id="watcher")
    consumer.subscribe(["seen"])
    collect(consumer, 1)
    consumer.commit(asynchronous=False)
    listed = client.admin.list_consumer_groups(request_timeout=20).result()
    assert "visible" in {group.group_id for group in listed.valid}
    described = client.admin.describe_consumer_groups(["visible"])["visible"].result(20)
    assert described.state == ConsumerGroupState.STABLE
    assert [member.client_id for member in described.members] == ["watcher"]
    offsets = client.admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions("visible")])["visible"].result(20)
    assert {(p.partition, p.offset) for p in offsets.topic_partitions} >= {(0, 1)}
