"""kill -9 at random instants while records are sent and fired: each exactly once, none early."""

import threading
import time

import pytest

from polling import wait_for_instant, wait_until
from storm import PARTITIONS, Sender, check_exactly_once

pytestmark = pytest.mark.orloj_only


def crash_while_firing(client, broker, chance, count, kills, due_range_ms, durability="sync"):
    client.create_topic("storm", PARTITIONS, durability=durability)
    sender = Sender(client, "storm", count, due_range_ms, chance)
    sender.thread.start()
    for _ in range(kills):
        wait_for_instant(time.time() + chance.uniform(0.2, 1.5))
        broker.kill()
        broker.start()
    sender.thread.join()
    assert sender.failed == []
    check_exactly_once(client, sender)
    broker.restart("kill")
    ends = [client.watermarks("storm", p) for p in range(PARTITIONS)]
    broker.restart("clean")
    assert [client.watermarks("storm", p) for p in range(PARTITIONS)] == ends


@pytest.mark.parametrize("durability", ["sync", "async"])
def test_each_record_once_across_random_kills(client, broker, seeded, durability):
    crash_while_firing(client, broker, seeded, 3000, 4, (100, 5000), durability)


@pytest.mark.full
@pytest.mark.parametrize("round_number", range(8))
def test_each_record_once_across_many_random_kills(client, broker, seeded, round_number):
    crash_while_firing(client, broker, seeded, 10000, 12, (0, 10000))


@pytest.mark.parametrize("durability", ["sync", "async"])
def test_acknowledged_records_survive_a_kill_in_mid_stream(client, broker, seeded, durability):
    """Every record answered before the kill is there after it, whatever was in flight."""
    client.create_topic("stream", durability=durability)
    producer = client.producer(acks="all", message_timeout_ms=3000, retries=0)
    acknowledged = []

    def keep(error, message):
        if error is None:
            acknowledged.append((message.offset(), message.value()))
    killed = threading.Timer(seeded.uniform(0.5, 1.5), broker.kill)
    killed.start()
    number = 0
    while broker.running:
        producer.produce("stream", value=b"%d" % number, on_delivery=keep)
        producer.poll(0.001)
        number += 1
    killed.join()
    producer.purge()
    producer.flush(5)
    assert acknowledged
    broker.start()
    wait_until(lambda: client.watermarks("stream")[1] > max(acknowledged)[0], 20, "the end")
    stored = {r.offset: r.value for r in client.read("stream", client.watermarks("stream")[1])}
    assert {offset: stored[offset] for offset, _ in acknowledged} == dict(acknowledged)
