"""Topic configs are changed while the broker runs, by Kafka's tools and by clients; they act at once."""

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource,
                                   ResourceType)

import wire
from broker import Kafka
from clients import Python, java_tool
from polling import wait_until

ANSWER_SECONDS = 30
SET, DELETE, APPEND, SUBTRACT = range(4)
TOPIC = 2


def configs(broker, *arguments, topic="t", check=True):
    return java_tool(broker, "kafka-configs", "--entity-type", "topics", "--entity-name", topic,
                     *arguments, check=check)


def described(client, topic="t"):
    """What is set on the topic."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    found = client.admin.describe_configs([resource])[resource].result(ANSWER_SECONDS)
    return {name: entry.value for name, entry in found.items()
            if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}


def change(client, *entries, topic="t", validate_only=False):
    """entries: (name, operation, value). Raises what the broker refuses."""
    entries = [ConfigEntry(name, value, incremental_operation=operation)
               for name, operation, value in entries]
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    answers = client.admin.incremental_alter_configs([resource], validate_only=validate_only)
    answers[resource].result(ANSWER_SECONDS)


def test_kafka_configs_changes_a_topic(broker, client):
    client.create_topic("t", segment_ms=60_000)
    done = configs(broker, "--alter", "--add-config",
                   "retention.ms=120000,cleanup.policy=[compact,delete]",
                   "--delete-config", "segment.ms")
    assert "Completed updating config for topic t." in done.stdout
    broker.restart("kill")
    told = configs(broker, "--describe").stdout
    assert "retention.ms=120000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=120000" \
        in told
    assert "cleanup.policy=compact,delete " in told and "segment.ms" not in told
    configs(broker, "--alter", "--delete-config", "retention.ms,cleanup.policy")
    assert described(client) == {}


def test_kafka_configs_tells_what_is_wrong(broker, client):
    client.create_topic("t", retention_ms=60_000)

    def refused(*arguments, topic="t"):
        done = configs(broker, "--alter", *arguments, topic=topic, check=False)
        return done.stdout + done.stderr
    unknown = refused("--add-config", "no.such.config=1")
    assert "Unknown topic config name: no.such.config" in unknown
    bad = refused("--add-config", "retention.ms=soon")
    assert "InvalidConfigurationException" in bad and "retention.ms" in bad and "soon" in bad
    nobody = refused("--add-config", "retention.ms=1", topic="nobody")
    assert "UnknownTopicOrPartitionException" in nobody or "doesn't exist" in nobody
    assert described(client) == {"retention.ms": "60000"}


def test_a_client_changes_single_configs(broker, client):
    client.create_topic("t", retention_ms=60_000)
    change(client, ("retention.ms", AlterConfigOpType.SET, "70000"),
           ("cleanup.policy", AlterConfigOpType.APPEND, "compact"),
           ("segment.ms", AlterConfigOpType.SET, "50000"))
    assert described(client) == {"retention.ms": "70000", "cleanup.policy": "delete,compact",
                                 "segment.ms": "50000"}
    change(client, ("cleanup.policy", AlterConfigOpType.SUBTRACT, "delete"),
           ("segment.ms", AlterConfigOpType.DELETE, None))
    after = {"retention.ms": "70000", "cleanup.policy": "compact"}
    assert described(client) == after
    change(client, ("retention.ms", AlterConfigOpType.SET, "1"), validate_only=True)
    assert described(client) == after
    with pytest.raises(KafkaException) as refused:
        change(client, ("retention.ms", AlterConfigOpType.APPEND, "1"))
    assert refused.value.args[0].code() == KafkaError.INVALID_CONFIG
    with pytest.raises(KafkaException) as refused:
        change(client, ("retention.ms", AlterConfigOpType.SET, "1"), topic="nobody")
    assert refused.value.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert described(client) == after


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_replaces_all_configs(broker, client):
    client.create_topic("t", retention_ms=60_000, segment_ms=50_000)
    resource = ConfigResource(ResourceType.TOPIC, "t", set_config={"segment.ms": "40000"})
    client.admin.alter_configs([resource])[resource].result(ANSWER_SECONDS)
    assert described(client) == {"segment.ms": "40000"}


@pytest.mark.orloj_only
def test_retention_follows_the_change(make_broker):
    broker = make_broker({"log.retention.check.interval.ms": 200})
    client = Python(broker)
    client.create_topic("t", retention_ms=-1)
    client.produce("t", [b"a", b"b"], acks="all")
    configs(broker, "--alter", "--add-config", "retention.ms=1")
    wait_until(lambda: client.watermarks("t") == (2, 2), 30, "retention")
    client.produce("t", [b"c"], acks="all")
    client.close()


@pytest.mark.orloj_only
def test_promise_3_a_topic_changes_its_durability(broker, client, how):
    client.create_topic("t", durability="async")
    client.produce("t", [b"a"], acks="all")
    for number, durability in enumerate(("sync", "async", "sync")):
        configs(broker, "--alter", "--add-config", f"durability={durability}")
        client.produce("t", [b"%d" % number], acks="all")
        broker.restart(how)
        assert described(client) == {"durability": durability}
        assert client.watermarks("t") == (0, number + 2)
    assert [r.value for r in client.read("t", 4)] == [b"a", b"0", b"1", b"2"]


def incremental(*changes, resource=TOPIC, name="t"):
    rows = [{"name": key, "config_operation": operation, "value": value}
            for key, operation, value in changes]
    return {"resource_type": resource, "resource_name": name, "configs": rows}


def replacing(*changes, resource=TOPIC, name="t"):
    rows = [{"name": key, "value": value} for key, value in changes]
    return {"resource_type": resource, "resource_name": name, "configs": rows}


INCREMENTAL = [
    [incremental(("retention.ms", SET, "1000"))],
    [incremental(("retention.ms", SET, "soon"))],
    [incremental(("retention.ms", SET, "-2"))],
    [incremental(("retention.ms", SET, ""))],
    [incremental(("no.such.config", SET, "1"))],
    [incremental(("no.such.config", DELETE, None))],
    [incremental(("no.such.config", APPEND, "1"))],
    [incremental(("segment.ms", DELETE, None))],
    [incremental(("segment.ms", DELETE, "7"))],
    [incremental(("retention.ms", SET, None))],
    [incremental(("retention.ms", APPEND, None), ("cleanup.policy", SUBTRACT, None))],
    [incremental(("retention.ms", APPEND, "1"))],
    [incremental(("retention.ms", SUBTRACT, "1"))],
    [incremental(("cleanup.policy", APPEND, "compact"))],
    [incremental(("cleanup.policy", APPEND, "compact,shred"))],
    [incremental(("cleanup.policy", APPEND, ""))],
    [incremental(("cleanup.policy", SUBTRACT, "shred"))],
    [incremental(("cleanup.policy", SET, "shred"))],
    [incremental(("retention.ms", SET, "1"), ("retention.ms", SET, "2"))],
    [incremental(("retention.ms", SET, "1"), ("segment.bytes", SET, "x"))],
    [incremental(("min.compaction.lag.ms", SET, "9"), ("max.compaction.lag.ms", SET, "8"))],
    [incremental(("retention.ms", SET, "1"), name="nobody")],
    [incremental(name="nobody")],
    [incremental(("retention.ms", SET, "1"), name="a/b")],
    [incremental(("retention.ms", SET, "1"), name="")],
    [incremental()],
    [],
    [incremental(("retention.ms", SET, "1")), incremental(("retention.ms", SET, "2"))],
    [incremental(("retention.ms", SET, "3")), incremental(name="nobody"),
     incremental(("retention.ms", SET, "4"))],
    [incremental(("retention.ms", SET, "5")), incremental(name="nobody")],
    [incremental(("x", SET, "1"), resource=7)],
    [incremental(("x", SET, "1"), resource=0)],
    [incremental(("x", SET, "1"), resource=1)],
]
REPLACING = [
    [replacing(("retention.ms", "2000"))],
    [replacing(("cleanup.policy", "compact"), ("segment.ms", "5000"))],
    [replacing(("retention.ms", "soon"))],
    [replacing(("no.such.config", "1"))],
    [replacing(("retention.ms", None))],
    [replacing(("retention.ms", "1"), ("retention.ms", "2"))],
    [replacing(("retention.ms", "1"), name="nobody")],
    [replacing(name="nobody")],
    [replacing(("retention.ms", "1"), name="a/b")],
    [replacing(("retention.ms", "1"), name="")],
    [replacing(("x", "1"), resource=7)],
    [replacing()],
    [replacing(("retention.ms", "3000"))],
]


ANSWERED_IN_THE_SAME_WORDS = {KafkaError.NO_ERROR, KafkaError.UNKNOWN_TOPIC_OR_PART,
                              KafkaError.INVALID_REQUEST}
# (API, version, requests, what is set in the end)
BLOCKS = [(name, version, requests, after)
          for name, versions, requests, after in (
              ("IncrementalAlterConfigs", (1, 0), INCREMENTAL,
               {"cleanup.policy": "delete,compact", "retention.ms": "5"}),
              ("AlterConfigs", (2, 0), REPLACING, {"retention.ms": "3000"}))
          for version in versions]


def answers(broker):
    """The answers to all requests in turn, first to a check only."""
    client = Python(broker)
    client.create_topic("t")
    found = []
    with wire.Connection(broker.port) as connection:
        def answer(name, version, resources, validate_only):
            values = {"resources": resources, "validate_only": validate_only}
            rows = connection.call(name, version, values)["responses"]
            for row in rows:
                if row["error_code"] not in ANSWERED_IN_THE_SAME_WORDS:
                    assert row.pop("error_message")
            return name, version, resources, sorted(rows, key=str)
        for name, version, requests, after in BLOCKS:
            before = described(client)
            found += [answer(name, version, resources, True) for resources in requests]
            assert described(client) == before
            found += [answer(name, version, resources, False) for resources in requests]
            wait_until(lambda after=after: described(client) == after, 20, f"{after} is set")
    client.close()
    return found


@pytest.mark.full
@pytest.mark.orloj_only
def test_answers_are_those_of_kafka(broker, tmp_path):
    ours = answers(broker)
    (tmp_path / "kafka").mkdir()
    kafka = Kafka(tmp_path / "kafka").start()
    try:
        theirs = answers(kafka)
    finally:
        kafka.kill()
    assert len(ours) == len(theirs)
    for mine, reference in zip(ours, theirs):
        assert mine == reference
