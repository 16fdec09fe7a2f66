"""librdkafka from C++, by the program librdkafka_client.cc."""

import time

import pytest

from clients import run


@pytest.fixture
def program(pytestconfig, broker):
    path = pytestconfig.getoption("--librdkafka-client")
    assert path, "give --librdkafka-client=PATH (target librdkafka_client)"

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
