"""librdkafka from C++, by the program librdkafka_client.cc."""

import subprocess
import time

import pytest

from clients import run
from polling import wait_until

LEAVE_SECONDS = 60


@pytest.fixture
def path(pytestconfig):
    given = pytestconfig.getoption("--librdkafka-client")
    assert given, "give --librdkafka-client=PATH (target librdkafka_client)"
    return given


@pytest.fixture
def program(path, broker):
    def call(action, topic, count, *options):
        done = run([path, action, broker.address, topic, str(count), *options])
        return [line.split() for line in done.stdout.splitlines()]
    return call


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_each_codec_is_read_back(program, client, codec):
    client.create_topic("cpp")
    answers = program("produce", "cpp", 100, f"compression.type={codec}", "linger.ms=20")
    assert answers == [["0", str(i)] for i in range(100)]
    read = program("consume", "cpp", 100, "group.id=g", "auto.offset.reset=earliest")
    assert [row[1:5] for row in read] == [[str(i), str(i), "value", str(i)] for i in range(100)]


def test_an_idempotent_producer_is_answered_in_order(program, client):
    client.create_topic("idempotent")
    answers = program("produce", "idempotent", 500, "enable.idempotence=true", "linger.ms=1")
    assert [int(offset) for _, offset in answers] == list(range(500))


def test_a_group_resumes_after_a_restart(program, client, broker, how):
    client.create_topic("resumed", 2)
    group = ("group.id=cpp-group", "auto.offset.reset=earliest")
    program("produce", "resumed", 50, "acks=all")
    assert len(program("consume", "resumed", 50, *group)) == 50
    broker.restart(how)
    program("produce", "resumed", 5, "acks=all")
    read = program("consume", "resumed", 5, *group)
    assert sorted(row[2] for row in read) == ["0", "1", "2", "3", "4"]


class Member:
    """A member of a group in a process of its own."""

    def __init__(self, path, broker, topic, output):
        self.output = output
        with open(output, "wb") as file:
            self.process = subprocess.Popen(
                [path, "member", broker.address, topic, "0", "group.id=team",
                 "auto.offset.reset=earliest", "session.timeout.ms=6000",
                 "heartbeat.interval.ms=300"], stdin=subprocess.PIPE, stdout=file)

    def rows(self, word=None):
        rows = [line.split() for line in self.output.read_text().splitlines()]
        return [row for row in rows if word is None or row[0] == word]

    def partitions(self):
        """Those of the last rebalance."""
        return [int(number) for number in (self.rows("assigned") or [[]])[-1][1:]]

    def values(self):
        return [row[4] for row in self.rows() if row[0] != "assigned"]

    def leave(self):
        self.process.stdin.close()
        assert self.process.wait(LEAVE_SECONDS) == 0


@pytest.fixture
def join(path, broker, tmp_path):
    members = []

    def make(topic):
        members.append(Member(path, broker, topic, tmp_path / f"member-{len(members)}"))
        return members[-1]
    yield make
    for member in members:
        member.process.kill()
        member.process.wait()


def test_two_members_share_the_partitions_and_the_one_left_takes_all(program, client, join):
    client.create_topic("shared", 4)
    first = join("shared")
    wait_until(lambda: first.partitions() == [0, 1, 2, 3], 60, "the first member has all")
    second = join("shared")
    wait_until(lambda: len(second.partitions()) == len(first.partitions()) == 2, 60, "two each")
    assert sorted(first.partitions() + second.partitions()) == [0, 1, 2, 3]
    program("produce", "shared", 40)
    expected = sorted(str(number) for number in range(40))
    wait_until(lambda: sorted(first.values() + second.values()) == expected, 60,
               lambda: f"each record once: {first.values()} and {second.values()}")
    second.leave()
    wait_until(lambda: first.partitions() == [0, 1, 2, 3], 60, "the first member has all again")
    program("produce", "shared", 40)
    wait_until(lambda: sorted(first.values() + second.values()) == sorted(expected * 2), 60,
               lambda: f"each record once more: {first.values()} and {second.values()}")
    first.leave()


def test_reading_starts_at_an_instant(program, client):
    client.create_topic("stamped")
    program("produce", "stamped", 5, "acks=all")
    middle = int(time.time() * 1000) + 1
    wait_until(lambda: time.time() * 1000 > middle, 5, "the next millisecond")
    program("produce", "stamped", 3, "acks=all")
    read = program("seek", "stamped", 3, f"timestamp:{middle}", "group.id=unused")
    assert [row[1] for row in read] == ["5", "6", "7"]


@pytest.mark.orloj_only
def test_scheduled_records_fire_on_time_with_their_headers(program, client):
    client.create_topic("later")
    due = int(time.time() * 1000) + 2000
    answers = program("produce", "later", 10, f"header:schedule-at={due}", "header:mine=kept",
                      "acks=all", "linger.ms=100")
    # librdkafka adds the index in the batch to the base offset -1 that all-scheduled batches get.
    told = [int(offset) for _, offset in answers]
    assert len(told) == 10 and told[0] == -1
    assert all(after in (-1, before + 1) for before, after in zip(told, told[1:]))
    read = program("consume", "later", 10, "group.id=g", "auto.offset.reset=earliest")
    assert time.time() * 1000 >= due
    assert [row[2] for row in read] == [str(i) for i in range(10)]
    assert all("mine=kept" in row and any(f.startswith("__schedule.due=") for f in row)
               for row in read)
