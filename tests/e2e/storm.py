"""Sends plain and scheduled records through restarts, and counts what came out."""

import threading
import time

from confluent_kafka import TopicPartition

from clients import collect

PARTITIONS = 3
FLUSH_SECONDS = 120


class Sender:
    """Sends `count` records from a thread of its own: every fourth at once, the others scheduled."""

    def __init__(self, client, topic, count, due_range_ms, chance):
        self.client = client
        self.topic = topic
        self.count = count
        self.due_range_ms = due_range_ms
        self.chance = chance
        self.due = {}
        self.failed = []
        self.thread = threading.Thread(target=self.send)

    def send(self):
        producer = self.client.producer(enable_idempotence=True, retry_backoff_ms=50,
                                        message_timeout_ms=FLUSH_SECONDS * 1000)
        for number in range(self.count):
            headers = None
            name = b"%d" % number
            if number % 4:
                self.due[name] = int(time.time() * 1000) + self.chance.randrange(*self.due_range_ms)
                headers = [("schedule-at", str(self.due[name]))]
            producer.produce(self.topic, key=name, value=name, partition=number % PARTITIONS,
                             headers=headers, on_delivery=self.answered)
            producer.poll(0.05 if number % 100 == 0 else 0)
        left = producer.flush(FLUSH_SECONDS)
        if left:
            self.failed.append(f"{left} records were never answered")

    def answered(self, error, message):
        if error is not None:
            self.failed.append(f"{message.key()}: {error}")


def check_exactly_once(client, sender):
    """A record due after all others closes each partition: what stands before it is everything."""
    last = max([int(time.time() * 1000) + 1000, *(due + 1 for due in sender.due.values())])
    for partition in range(PARTITIONS):
        answers = client.produce(sender.topic, [(None, b"last", [("schedule-at", str(last))])],
                                 partition=partition, acks="all")
        assert answers[0].error is None, answers
    for partition in range(PARTITIONS):
        seen = read_until_last(client, sender, partition)
        expected = {b"%d" % i for i in range(partition, sender.count, PARTITIONS)}
        missing = expected - set(seen)
        twice = {name for name, times in seen.items() if times > 1}
        assert not missing and not twice, (
            f"partition {partition}: {len(missing)} missing {sorted(missing)[:5]}, "
            f"{len(twice)} twice {sorted(twice)[:5]}")


def read_until_last(client, sender, partition):
    """How often each value stands in the partition before its last record; none of them early."""
    consumer = client.consumer("checker")
    consumer.assign([TopicPartition(sender.topic, partition, 0)])
    seen = {}
    while True:
        received = collect(consumer, 1)[0]
        if received.value == b"last":
            consumer.close()
            client.consumers.remove(consumer)
            return seen
        seen[received.value] = seen.get(received.value, 0) + 1
        due = sender.due.get(received.value)
        assert due is None or received.at_ms >= due, f"early: {received}"
