"""kcat, as a person types it."""

import time

import pytest

from clients import kcat, kcat_json, run


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_each_codec_is_read_back(broker, codec):
    lines = "".join(f"line {i}\n" for i in range(500))
    kcat(broker, "-P", "-t", f"codec-{codec}", "-z", codec, stdin=lines)
    assert kcat(broker, "-C", "-t", f"codec-{codec}", "-q", "-c", "500").stdout == lines


def test_keys_and_headers_come_back(broker):
    kcat(broker, "-P", "-t", "pairs", "-K:", "-H", "colour=red", stdin="apple:1\npear:2\n")
    read = kcat_json(broker, "-t", "pairs", "-c", "2")
    assert [(r["key"], r["payload"], r["headers"]) for r in read] == [
        ("apple", "1", {"colour": "red"}), ("pear", "2", {"colour": "red"})]


def test_metadata_names_broker_and_topics(broker, client):
    client.create_topic("listed", 3)
    text = kcat(broker, "-L").stdout
    assert f"at {broker.address}" in text
    assert 'topic "listed" with 3 partitions' in text


def test_offsets_are_asked_by_timestamp(broker):
    kcat(broker, "-P", "-t", "stamped", stdin="before\n")
    middle = int(time.time() * 1000) + 1
    kcat(broker, "-P", "-t", "stamped", stdin="a\nb\nc\n")
    found = kcat(broker, "-Q", "-t", f"stamped:0:{middle}").stdout
    assert found.strip().endswith("offset 1")
    read = kcat(broker, "-C", "-t", "stamped", "-p", "0", "-o", f"s@{middle}", "-q", "-e").stdout
    assert read == "a\nb\nc\n"


def test_the_end_is_seen(broker):
    kcat(broker, "-P", "-t", "ending", "-X", "acks=all", stdin="1\n2\n3\n")
    assert kcat(broker, "-C", "-t", "ending", "-o", "-2", "-e", "-q").stdout == "2\n3\n"


def test_a_group_reads_and_resumes(broker, client):
    client.create_topic("teamwork", 2)
    kcat(broker, "-P", "-t", "teamwork", stdin="1\n2\n3\n4\n")
    group = ("-G", "kcats", "-q", "-X", "auto.offset.reset=earliest")
    first = kcat(broker, *group, "-c", "4", "teamwork").stdout
    assert sorted(first.split()) == ["1", "2", "3", "4"]
    kcat(broker, "-P", "-t", "teamwork", stdin="5\n")
    assert kcat(broker, *group, "-c", "1", "teamwork").stdout == "5\n"


def test_an_idempotent_producer_is_answered(broker):
    kcat(broker, "-P", "-t", "once", "-X", "enable.idempotence=true", stdin="x\ny\n")
    assert kcat(broker, "-C", "-t", "once", "-q", "-c", "2").stdout == "x\ny\n"


def test_records_outlive_a_restart(broker, how):
    kcat(broker, "-P", "-t", "lasting", "-X", "acks=all", stdin="here\n")
    broker.restart(how)
    assert kcat(broker, "-C", "-t", "lasting", "-q", "-c", "1").stdout == "here\n"


def test_a_refused_connection_is_an_error(broker):
    broker.kill()
    done = run(["kcat", "-b", broker.address, "-L", "-m", "2"], check=False)
    assert done.returncode != 0
