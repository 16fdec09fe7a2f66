"""Scheduled records through unmodified clients: accept, hold back, fire once, on time."""

import re
import struct
import time
from datetime import datetime, timezone

import pytest

from clients import Python, collect, java_tool, kcat, kcat_json
from polling import wait_for_instant

pytestmark = pytest.mark.orloj_only

# A loaded machine may be late; nobody may be early.
LATE_MS = 10_000
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def now_ms():
    return int(time.time() * 1000)


def instant_ms(text):
    assert RFC3339.fullmatch(text), text
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def rfc3339(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).isoformat(timespec="milliseconds")


def assert_fired(received, due_ms, sent_ms):
    """Never early, not absurdly late, and the broker's own account agrees."""
    headers = received.headers
    assert received.at_ms >= due_ms, f"{due_ms - received.at_ms} ms early: {received}"
    assert received.at_ms <= due_ms + LATE_MS, received
    assert instant_ms(headers["__schedule.due"]) == due_ms
    assert due_ms <= instant_ms(headers["__schedule.fired"]) <= received.at_ms + 1
    assert sent_ms - 1 <= instant_ms(headers["__schedule.accepted"]) <= received.at_ms
    assert headers["__schedule.occurrence"] == "1"
    assert headers["__schedule.origin"].startswith(f"{received.topic}/{received.partition}/")
    assert "__schedule.next" not in headers and "__schedule.id" not in headers
    assert not [name for name in headers if name.startswith("schedule-")]
    assert due_ms <= received.timestamp_ms <= received.at_ms + 1


def test_at_fires_at_its_instant_with_key_value_and_headers(client):
    client.create_topic("at")
    sent = now_ms()
    due = sent + 2000
    answers = client.produce("at", [(b"k", b"v", [("schedule-at", str(due)), ("mine", "kept")])])
    # The client shows "no offset yet" as None.
    assert (answers[0].error, answers[0].offset) == (None, None)
    assert client.watermarks("at") == (0, 0)
    received = client.read("at", 1)[0]
    assert (received.key, received.value, received.headers["mine"]) == (b"k", b"v", "kept")
    assert received.offset == 0
    assert_fired(received, due, sent)


@pytest.mark.parametrize("form", ["rfc3339-utc", "rfc3339-zone", "long"])
def test_at_is_read_in_each_form(client, form):
    client.create_topic("forms")
    sent = now_ms()
    due = sent + 1500
    value = {"rfc3339-utc": rfc3339(due).replace("+00:00", "Z"),
             "rfc3339-zone": datetime.fromtimestamp(due / 1000).astimezone(
                 datetime.strptime("+0530", "%z").tzinfo).isoformat(timespec="milliseconds"),
             "long": struct.pack(">q", due)}[form]
    client.produce("forms", [(None, b"v", [("schedule-at", value)])])
    assert_fired(client.read("forms", 1)[0], due, sent)


@pytest.mark.parametrize("delay", ["1500", "2s", "PT1.5S", "1500ms"])
def test_delay_counts_from_acceptance(client, delay):
    client.create_topic("delays")
    sent = now_ms()
    client.produce("delays", [(None, b"v", [("schedule-delay", delay)])])
    received = client.read("delays", 1)[0]
    due = instant_ms(received.headers["__schedule.due"])
    waited = due - instant_ms(received.headers["__schedule.accepted"])
    assert waited == (2000 if delay == "2s" else 1500)
    assert_fired(received, due, sent)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_scheduled_records_in_each_codec(client, codec):
    client.create_topic("packed")
    due = now_ms() + 1500
    sent = [(b"%d" % i, b"payload " * 50, [("schedule-at", str(due))]) for i in range(50)]
    assert {a.offset for a in client.produce("packed", sent, compression_type=codec)}
    received = client.read("packed", 50)
    assert [r.key for r in received] == [b"%d" % i for i in range(50)]
    assert all(r.at_ms >= due and r.value == b"payload " * 50 for r in received)


def test_an_instant_in_the_past_fires_at_once(client):
    client.create_topic("past")
    client.produce("past", [(None, b"old", [("schedule-at", "2001-01-01T00:00:00Z")]),
                            (None, b"now", [("schedule-delay", "0")])])
    assert [r.value for r in client.read("past", 2, seconds=10)] == [b"old", b"now"]


def test_firing_follows_due_order_not_sending_order(client):
    client.create_topic("ordered")
    start = now_ms() + 1500
    records = [(None, b"%d" % i, [("schedule-at", str(start + 100 * i))]) for i in range(10)]
    client.produce("ordered", records[::-1])
    assert [r.value for r in client.read("ordered", 10)] == [b"%d" % i for i in range(10)]


def test_a_mixed_batch_tells_each_record_its_own_truth(client):
    client.create_topic("mixed")
    due = now_ms() + 2500
    later = [("schedule-at", str(due))]
    records = [(b"0", b"now", None), (b"1", b"later", later), (b"2", b"now", None),
               (b"3", b"later", later), (b"4", b"now", None)]
    answers = client.produce("mixed", records, linger_ms=200, acks="all")
    assert all(a.error is None for a in answers)
    immediate = client.read("mixed", 3)
    assert [(r.key, r.offset) for r in immediate] == [
        (b"%d" % i, answers[i].offset) for i in (0, 2, 4)]
    fired = client.read("mixed", 5)[3:]
    assert [r.key for r in fired] == [b"1", b"3"]
    assert all(r.at_ms >= due and r.offset > answers[4].offset for r in fired)


def test_plain_records_pass_those_that_wait(client):
    client.create_topic("passing")
    client.produce("passing", [(None, b"later", [("schedule-delay", "1h")])])
    client.produce("passing", [b"a", b"b"])
    assert [(r.offset, r.value) for r in client.read("passing", 2)] == [(0, b"a"), (1, b"b")]
    assert client.watermarks("passing") == (0, 2)


BAD_HEADERS = {
    "not a time": [("schedule-at", "tomorrow")],
    "no zone": [("schedule-at", "2030-01-01T00:00:00")],
    "seconds": [("schedule-at", "1900000000")],
    "after the year 9999": [("schedule-at", "10000-01-01T00:00:00Z")],
    "negative delay": [("schedule-delay", "-5")],
    "unknown unit": [("schedule-delay", "5 fortnights")],
    "both": [("schedule-at", "2030-01-01T00:00:00Z"), ("schedule-delay", "5s")],
    "twice": [("schedule-delay", "5s"), ("schedule-delay", "6s")],
    "unknown header": [("schedule-att", "2030-01-01T00:00:00Z")],
    "empty": [("schedule-at", "")],
    "not UTF-8": [("schedule-delay", b"\xff\xfe")],
    "too long": [("schedule-delay", "1" * 2000)],
}


@pytest.mark.parametrize("fault", BAD_HEADERS)
def test_a_bad_header_is_refused_and_nothing_is_delivered(client, fault):
    client.create_topic("refusing")
    answers = client.produce("refusing", [(None, b"bad", BAD_HEADERS[fault])], retries=0)
    assert answers[0].error is not None and answers[0].error.name() == "INVALID_RECORD", answers
    assert client.produce("refusing", [b"good"])[0].offset == 0
    assert [r.value for r in client.read("refusing", 1)] == [b"good"]


def test_a_refused_record_is_named_to_the_java_producer(broker, client):
    client.create_topic("refused")
    done = java_tool(broker, "kafka-console-producer", "--topic", "refused", "--reader-property",
                     "parse.headers=true", "--sync", stdin="schedule-at:tomorrow\tvalue\n",
                     check=False)
    assert "schedule-at" in done.stdout + done.stderr
    assert client.watermarks("refused") == (0, 0)


def test_kcat_schedules_with_a_header(broker):
    start = now_ms()
    kcat(broker, "-P", "-t", "typed", "-H", "schedule-delay=2s", stdin="hello\n")
    read = kcat_json(broker, "-t", "typed", "-c", "1")[0]
    assert read["payload"] == "hello"
    assert now_ms() >= instant_ms(read["headers"]["__schedule.due"]) >= start + 2000


def test_kcat_schedules_at_an_instant(broker):
    due = now_ms() + 2000
    kcat(broker, "-P", "-t", "typed", "-H", f"schedule-at={due}", stdin="hello\n")
    read = kcat_json(broker, "-t", "typed", "-c", "1")[0]
    assert read["payload"] == "hello"
    assert now_ms() >= instant_ms(read["headers"]["__schedule.due"]) == due


@pytest.mark.parametrize("by", ["delay", "at"])
def test_the_console_producer_schedules_with_a_header(broker, client, by):
    client.create_topic("console")
    start = now_ms()
    header = f"schedule-at:{start + 8000}" if by == "at" else "schedule-delay:2s"
    java_tool(broker, "kafka-console-producer", "--topic", "console", "--reader-property",
              "parse.headers=true", stdin=f"{header}\tvalue\n")
    read = java_tool(broker, "kafka-console-consumer", "--topic", "console", "--from-beginning",
                     "--max-messages", "1", "--timeout-ms", "30000", "--formatter-property",
                     "print.headers=true").stdout
    headers, value = read.strip().split("\t")
    due = instant_ms(re.search(r"__schedule\.due:([^,]+)", headers).group(1))
    assert value == "value"
    assert due == start + 8000 if by == "at" else due >= start + 2000
    assert now_ms() >= due


def test_a_group_reads_plain_and_fired_records_once(client):
    client.create_topic("team", 2)
    start = now_ms()
    client.produce("team", [(b"%d" % i, b"%d" % i,
                             [("schedule-at", str(start + 1000 + 20 * i))] if i % 2 else None)
                            for i in range(100)])
    consumer = client.consumer("readers")
    consumer.subscribe(["team"])
    values = [r.value for r in collect(consumer, 100)]
    assert sorted(values, key=int) == [b"%d" % i for i in range(100)]


def test_pending_records_outlive_a_restart(client, broker, how):
    client.create_topic("pending", 2)
    sent = now_ms()
    due = sent + 6000
    answers = client.produce("pending", [(b"%d" % i, b"%d" % i, [("schedule-at", str(due))])
                                         for i in range(100)], acks="all")
    assert all(a.error is None for a in answers)
    broker.restart(how)
    received = client.read("pending", 100)
    assert sorted(r.value for r in received) == sorted(b"%d" % i for i in range(100))
    for each in received:
        assert_fired(each, due, sent)


def test_what_fell_due_while_down_fires_after_the_start(client, broker, how):
    client.create_topic("missed")
    due = now_ms() + 1500
    client.produce("missed", [(None, b"late", [("schedule-at", str(due))])], acks="all")
    broker.stop() if how == "clean" else broker.kill()
    wait_for_instant(due / 1000 + 0.5)
    broker.start()
    received = client.read("missed", 1)[0]
    assert received.at_ms >= due and received.headers["__schedule.occurrence"] == "1"


def test_fired_records_stay_fired_over_restarts(client, broker, how):
    client.create_topic("settled")
    client.produce("settled", [(None, b"%d" % i, [("schedule-delay", "500")]) for i in range(20)])
    assert len(client.read("settled", 20)) == 20
    for _ in range(2):
        broker.restart(how)
    due = now_ms() + 500
    client.produce("settled", [(None, b"last", [("schedule-at", str(due))])], acks="all")
    received = client.read("settled", 21)
    assert [r.value for r in received] == [b"%d" % i for i in range(20)] + [b"last"]


def test_deleting_the_topic_deletes_its_schedules(client):
    client.create_topic("gone")
    due = now_ms() + 3000
    client.produce("gone", [(None, b"never", [("schedule-at", str(due))])], acks="all")
    client.admin.delete_topics(["gone"])["gone"].result(20)
    wait_for_instant(due / 1000 - 2)
    client.create_topic("gone")
    client.produce("gone", [(None, b"new", [("schedule-at", str(due + 1000))])], acks="all")
    assert client.read("gone", 1)[0].value == b"new"


def test_headers_pass_untouched_where_scheduling_is_off(client):
    client.create_topic("off", schedule_enable="false")
    answers = client.produce("off", [(None, b"v", [("schedule-delay", "1h")])])
    assert answers[0].offset == 0
    assert client.read("off", 1)[0].headers == {"schedule-delay": "1h"}


def test_a_mirrored_record_never_reschedules_itself(client):
    client.create_topic("mirror")
    headers = [("__schedule.due", "2030-01-01T00:00:00.000Z"), ("__schedule.origin", "a/0/1/1")]
    client.produce("mirror", [(None, b"v", headers)])
    assert client.read("mirror", 1)[0].headers == dict(headers)


def test_retention_never_drops_what_is_pending(make_broker):
    client = Python(make_broker({"log.retention.check.interval.ms": "300"}))
    client.create_topic("short", retention_ms=1000, segment_ms=500)
    due = now_ms() + 5000
    client.produce("short", [(None, b"kept", [("schedule-at", str(due))])], acks="all")
    client.produce("short", [b"plain"], acks="all")
    received = client.read("short", 1, offset=client.watermarks("short")[1])[0]
    assert received.value == b"kept" and received.at_ms >= due
    client.close()


def test_lateness_is_exported(broker, client):
    client.create_topic("timed")
    client.produce("timed", [(None, b"v", [("schedule-delay", "100")])])
    client.read("timed", 1)
    text = broker.http("/metrics")[1]
    assert re.search(r"^orloj_schedule\w*late\w*_count.* [1-9]", text, re.MULTILINE), text
