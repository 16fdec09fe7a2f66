"""The broker kills itself at each named place between two durable steps: nothing lost, nothing twice."""

import re
import signal
import threading
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from broker import ROOT, STOP_SECONDS
from clients import Python
from polling import wait_until
from storm import PARTITIONS, Sender, check_exactly_once

pytestmark = pytest.mark.orloj_only

HEADER = Path(ROOT, "log", "crash_point.h")
# What a broker does not do in this story; tests/log/crash_points_test.cc and
# tests/scheduler/crash_test.cc go there.
OUT_OF_REACH = {"truncate-after-cut", "replace-before-swap", "replace-after-swap",
                "copies-appended", "copies-durable-before-head-drop"}
# Where scheduling could lose or double a record: part of the gate. The others are long.
GATE = {"after-journal-sync", "schedule-half-appended-before-data-half",
        "fired-batch-appended-before-journal", "fired-before-done", "done-appended"}


# Everything that a broker does now and then, done often.
HURRIED = {
    "log.retention.check.interval.ms": "300",
    "log.segment.delete.delay.ms": "100",
    "log.checkpoint.interval.ms": "300",
    "log.journal.file.bytes": "1048576",
    "schedule.index.flush.interval.ms": "200",
}


def names():
    text = HEADER.read_text(encoding="utf-8") if HEADER.exists() else ""
    found = re.findall(r'string_view k\w+\s*=\s*"([\w-]+)"', text)
    return [pytest.param(name, marks=() if name in GATE else pytest.mark.full)
            for name in found if name not in OUT_OF_REACH]


class Keeper:
    """Starts the broker again, disarmed, whenever its crash point killed it."""

    def __init__(self, broker, point):
        self.broker = broker
        self.reached = False
        self.ended = threading.Event()
        self.lock = threading.Lock()
        broker.environment = {"ORLOJ_CRASH_POINT": point}
        self.thread = threading.Thread(target=self.keep)

    def keep(self):
        while not self.ended.is_set():
            with self.lock:
                self.look()
            self.ended.wait(0.02)

    def look(self):
        if self.broker.process.poll() == -signal.SIGKILL and not self.reached:
            self.reached = True
            self.broker.environment = {}
            self.broker.spawn()

    def kill_and_start_armed(self):
        """An unclean start that may itself run into the crash point."""
        with self.lock:
            self.look()
            self.broker.kill()
            self.broker.spawn()
        self.wait_ready()

    def wait_ready(self):
        def ready():
            with self.lock:
                self.look()
                return self.broker.running and self.broker.is_ready()
        wait_until(ready, 60, "the broker is ready, after a crash or without one")

    def stop(self):
        self.ended.set()
        self.thread.join()
        self.look()
        self.broker.process.send_signal(signal.SIGTERM)
        self.broker.process.wait(STOP_SECONDS)
        self.reached |= self.broker.process.returncode == -signal.SIGKILL
        self.broker.environment = {}


def insist(action, done):
    """Repeats a request that the crash may have cut off until `done` says that it took effect."""
    def tried():
        try:
            action()
        except KafkaException:
            pass  # no answer, or the first try did take effect
        try:
            return done()
        except KafkaException:
            return False
    wait_until(tried, 60, "the request takes effect")


@pytest.mark.parametrize("point", names())
def test_each_record_once_after_a_crash_at(point, make_broker, seeded):
    broker = make_broker(HURRIED, start=False)
    keeper = Keeper(broker, point)
    broker.spawn()
    keeper.thread.start()
    keeper.wait_ready()
    client = Python(broker)
    def topics():
        return client.admin.list_topics(timeout=20).topics
    insist(lambda: client.create_topic("storm", PARTITIONS), lambda: "storm" in topics())
    insist(lambda: client.create_topic("short", segment_bytes=1 << 20, retention_bytes=1 << 20),
           lambda: "short" in topics())
    sender = Sender(client, "storm", 1500, (100, 4000), seeded)
    sender.thread.start()
    client.produce("short", [b"x" * 10000] * 400, acks="all", batch_num_messages=20)
    keeper.kill_and_start_armed()
    sender.thread.join()
    insist(lambda: client.admin.delete_topics(["short"])["short"].result(30),
           lambda: "short" not in topics())
    keeper.stop()
    broker.start()
    assert sender.failed == []
    check_exactly_once(client, sender)
    client.close()
    assert keeper.reached, f"the story never came by {point}"


def test_the_list_of_crash_points_is_read():
    assert len(names()) > 10
