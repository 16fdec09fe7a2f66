"""The clients that drive the broker: confluent-kafka, kcat, Kafka's own tools."""

import json
import subprocess
import time

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from broker import JAVA, KAFKA_LIBS
from polling import wait_until

TIMEOUT_SECONDS = 120

TOOLS = {
    "kafka-console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-consumer-perf-test": "org.apache.kafka.tools.ConsumerPerformance",
    "kafka-delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "kafka-log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "kafka-dump-log": "org.apache.kafka.tools.DumpLogSegments",
}


def run(command, stdin="", timeout=TIMEOUT_SECONDS, check=True):
    done = subprocess.run(command, input=stdin, text=True, capture_output=True, timeout=timeout,
                          check=False)
    assert not check or done.returncode == 0, (
        f"{' '.join(command)}\nexit code {done.returncode}\n{done.stdout[-4000:]}"
        f"\n{done.stderr[-4000:]}")
    return done


def kcat(broker, *arguments, stdin="", check=True, timeout=TIMEOUT_SECONDS):
    return run(["kcat", "-b", broker.address, *arguments], stdin, timeout, check)


def kcat_json(broker, *arguments):
    """Consumes with kcat; one dictionary a record, with headers as a dictionary."""
    found = []
    for line in kcat(broker, "-C", "-J", "-q", *arguments).stdout.splitlines():
        record = json.loads(line)
        names = record.get("headers", [])
        record["headers"] = dict(zip(names[::2], names[1::2]))
        found.append(record)
    return found


def java_command(tool, *arguments):
    return [*JAVA, "-cp", KAFKA_LIBS, TOOLS[tool], *arguments]


def java_tool(broker, tool, *arguments, stdin="", check=True, timeout=TIMEOUT_SECONDS):
    """Runs one of Kafka's command-line tools against the broker."""
    return run(java_command(tool, "--bootstrap-server", broker.address, *arguments), stdin, timeout,
               check)


class Python:
    """confluent-kafka against one broker."""

    def __init__(self, broker):
        self.broker = broker
        self.consumers = []
        self.admin = AdminClient(self.config())

    def config(self, **more):
        named = {name.replace("_", "."): value for name, value in more.items()}
        return {"bootstrap.servers": self.broker.address, "topic.metadata.refresh.interval.ms": 500,
                "reconnect.backoff.max.ms": 500, **named}

    def create_topic(self, name, partitions=1, **config):
        named = {key.replace("_", "."): str(value) for key, value in config.items()}
        made = self.admin.create_topics([NewTopic(name, partitions, 1, config=named)])
        made[name].result(TIMEOUT_SECONDS)
        wait_until(lambda: len(self.partitions(name)) == partitions, 20, f"{name} is listed")
        return name

    def partitions(self, topic):
        """Partition numbers of a topic; none while it is unknown."""
        known = self.admin.list_topics(timeout=20).topics.get(topic)
        return sorted(known.partitions) if known else []

    def producer(self, **config):
        return Producer(self.config(**{"linger_ms": 5, **config}))

    def consumer(self, group="test", **config):
        settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False,
                    "session_timeout_ms": 6000, "heartbeat_interval_ms": 500, **config}
        made = Consumer(self.config(group_id=group, **settings))
        self.consumers.append(made)
        return made

    def close(self):
        for consumer in self.consumers:
            consumer.close()
        self.consumers.clear()

    def produce(self, topic, records, partition=None, **config):
        """Sends (key, value, headers) tuples or plain values; returns the answers in order."""
        answers = [None] * len(records)
        producer = self.producer(**config)

        def keep(index):
            def on_delivery(error, message):
                answers[index] = Answer(error, message.partition(), message.offset())
            return on_delivery

        for index, record in enumerate(records):
            key, value, headers = record if isinstance(record, tuple) else (None, record, None)
            place = {} if partition is None else {"partition": partition}
            producer.produce(topic, key=key, value=value, headers=headers,
                             on_delivery=keep(index), **place)
            producer.poll(0)
        left = producer.flush(TIMEOUT_SECONDS)
        assert left == 0, f"{left} records were not answered"
        return answers

    def read(self, topic, count, partitions=None, seconds=TIMEOUT_SECONDS, offset=0):
        """Reads `count` records from `offset` on, outside any group, noting when each came."""
        if partitions is None:
            partitions = self.partitions(topic)
        consumer = self.consumer(group="reader", enable_partition_eof=False)
        consumer.assign([TopicPartition(topic, p, offset) for p in partitions])
        try:
            return collect(consumer, count, seconds)
        finally:
            self.consumers.remove(consumer)
            consumer.close()

    def watermarks(self, topic, partition=0):
        consumer = self.consumer(group="reader")
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=20)
        finally:
            self.consumers.remove(consumer)
            consumer.close()


class Answer:
    """What a producer was told about one record."""

    def __init__(self, error, partition, offset):
        self.error = error
        self.partition = partition
        self.offset = offset

    def __repr__(self):
        return f"Answer(error={self.error}, partition={self.partition}, offset={self.offset})"


class Received:
    """One consumed record and the instant, in milliseconds, at which the client had it."""

    def __init__(self, message):
        self.at_ms = time.time() * 1000
        self.topic = message.topic()
        self.partition = message.partition()
        self.offset = message.offset()
        self.key = message.key()
        self.value = message.value()
        self.timestamp_ms = message.timestamp()[1]
        self.headers = {name: (value or b"").decode() for name, value in message.headers() or []}

    def __repr__(self):
        return (f"Received({self.topic}/{self.partition}@{self.offset} {self.key} {self.value!r:.60}"
                f" {self.headers})")


PASSING_ERRORS = {KafkaError._PARTITION_EOF, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN,
                  KafkaError._RESOLVE, KafkaError.UNKNOWN_TOPIC_OR_PART,
                  KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR}


def poll_one(consumer, seconds):
    """The next record within `seconds`, or None; errors that a restart explains are passed over."""
    message = consumer.poll(seconds)
    if message is None:
        return None
    if message.error():
        assert message.error().code() in PASSING_ERRORS, message.error()
        return None
    return Received(message)


def collect(consumer, count, seconds=TIMEOUT_SECONDS):
    found = []
    deadline = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < deadline, (
            f"{len(found)} of {count} records within {seconds} s; the last: {found[-1:]}")
        received = poll_one(consumer, 0.2)
        if received:
            found.append(received)
    return found
