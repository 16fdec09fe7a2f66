"""Promise 8 for the connections themselves: slow, silent, half-open, unread, and far too many."""

import resource
import select
import socket
import struct
import time

import pytest

import batches
import wire
from guard import FRAME_BYTES, KIBIBYTE, MEBIBYTE, QUEUED_BYTES, guarded  # noqa: F401
from polling import wait_until
from test_hostile import end_of_stream, hello

HALF_FRAMES = [600, pytest.param(3000, marks=pytest.mark.full)]
CROWDS = [2000, pytest.param(10_000, marks=pytest.mark.full)]
PATIENCE_SECONDS = 60
FILES_BESIDE_CONNECTIONS = 500

pytestmark = pytest.mark.orloj_only


@pytest.fixture(autouse=True)
def many_files():
    """As many open files as the system grants."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def wait_until_closed(connections, seconds=PATIENCE_SECONDS):
    """Returns when the broker has closed every one of them; nothing may be answered before."""
    poller = select.poll()
    left = {connection.socket.fileno(): connection for connection in connections}
    for descriptor in left:
        poller.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    while left:
        assert time.monotonic() < deadline, f"{len(left)} connections are still open"
        for descriptor, _ in poller.poll(1000):
            poller.unregister(descriptor)
            assert left.pop(descriptor).answers_until_closed() == 0


def greet_all(connections):
    """A first valid request on each, all at once."""
    for connection in connections:
        connection.send(wire.request("ApiVersions", 3, {}))
    for connection in connections:
        assert wire.decode_response("ApiVersions", 3, connection.receive_frame())


def close_all(connections):
    for connection in connections:
        connection.close()


def metric(guard, name):
    for line in guard.broker.http("/metrics")[1].splitlines():
        if line.startswith(name + " ") or line.startswith(name + "{"):
            return float(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no metric {name}")


def test_one_byte_at_a_time_is_cut_off_at_the_deadline(guarded):
    guard = guarded()
    whole = wire.request("Metadata", 9, {"topics": [{"name": "steady"}]}) + bytes(100)
    slow = [guard.connect() for _ in range(100)]
    greet_all(slow[::2])
    sent = 0
    deadline = time.monotonic() + PATIENCE_SECONDS
    # The length of a frame that is never complete, then a byte whenever the last one is through.
    whole = struct.pack(">i", len(whole)) + whole
    open_ones = list(slow)
    while open_ones:
        assert time.monotonic() < deadline, f"{len(open_ones)} slow connections are still open"
        byte = whole[sent % len(whole):][:1] if sent < len(whole) - 1 else b""
        sent += 1
        open_ones = [c for c in open_ones if (not byte or c.send(byte)) and not has_ended(c)]
    close_all(slow)


def has_ended(connection):
    readable, _, _ = select.select([connection.socket], [], [], 0.001)
    return bool(readable) and connection.answers_until_closed() == 0


@pytest.mark.parametrize("count", HALF_FRAMES)
@pytest.mark.parametrize("trusted", [False, True], ids=["first", "later"])
def test_frames_that_begin_and_fall_silent_hold_up_nobody(guarded, count, trusted):
    """Together they announce many times the memory that all requests may take."""
    guard = guarded(connections=count)
    announced = FRAME_BYTES if trusted else 64 * KIBIBYTE
    assert count * announced > QUEUED_BYTES
    silent = [guard.connect() for _ in range(count)]
    if trusted:
        greet_all(silent)
    for number, connection in enumerate(silent):
        sent = (0, 1, 4096, 5000, 20 * KIBIBYTE)[number % 5]
        connection.send(struct.pack(">i", announced) + bytes(sent))
    wait_until_closed(silent)
    close_all(silent)


def test_connections_that_say_nothing_are_closed_when_idle(guarded):
    guard = guarded({"connections.max.idle.ms": 4000})
    idle = [guard.connect() for _ in range(200)]
    greet_all(idle[::2])
    wait_until_closed(idle)
    close_all(idle)


def test_half_open_connections_are_closed(guarded):
    guard = guarded()
    halves = [guard.connect() for _ in range(200)]
    greet_all(halves[::2])
    for connection in halves:
        end_of_stream(connection)
    wait_until_closed(halves)
    close_all(halves)


def test_resets_in_the_middle_of_requests_harm_nobody(guarded):
    guard = guarded()
    whole = wire.request("Metadata", 9, {"topics": [{"name": "steady"}]})
    waiting = wire.request("Fetch", 11, {
        "replica_id": -1, "max_wait_ms": 60_000, "min_bytes": 1 << 20, "session_epoch": -1,
        "topics": [{"topic": "steady", "partitions": [{"partition": 0, "fetch_offset": 0,
                                                       "partition_max_bytes": 1 << 20}]}]})
    for data in [whole[:9], whole, whole * 100, waiting, waiting + whole] * 60:
        connection = guard.connect()
        hello(connection)
        connection.send(data)
        # No lingering: the peer sees a reset.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    wait_until(lambda: metric(guard, "orloj_connections") <= 3, PATIENCE_SECONDS,
               "the reset connections are gone")


def unread_requests():
    fetch = {"replica_id": -1, "max_wait_ms": 0, "min_bytes": 0, "session_epoch": -1,
             "max_bytes": 50 * MEBIBYTE,
             "topics": [{"topic": "unread", "partitions": [
                 {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 50 * MEBIBYTE}]}]}
    produce = {"acks": -1, "timeout_ms": 60_000, "topics": [{"name": "unread", "partitions": [
        {"index": 0, "records": batches.batch(batches.record(b"v"), crc=1)}]}]}
    yield wire.request("Fetch", 11, fetch)
    yield wire.request("Metadata", 9, {"topics": None})
    yield wire.request("ApiVersions", 3, {})
    yield wire.request("DescribeConfigs", 4, {"include_documentation": True, "resources": [
        {"resource_type": 2, "resource_name": "unread", "configuration_keys": None}]})
    yield wire.request("Produce", 9, produce)


@pytest.mark.parametrize("clients", [40, pytest.param(400, marks=pytest.mark.full)])
def test_a_client_that_never_reads_is_closed_and_fills_no_memory(guarded, clients):
    # What fits into the kernel's buffers is read by nobody either, but costs the broker nothing.
    guard = guarded({"connections.max.idle.ms": 4000}, connections=clients)
    guard.create_topic("unread", partitions=50)
    for _ in range(8):
        guard.produce("unread", batches.sound([b"v" * 50_000]))
    unread = [guard.connect(receive_buffer=4096) for _ in range(clients)]
    requests = list(unread_requests())
    greet_all(unread)
    for number, connection in enumerate(unread):
        connection.socket.setblocking(False)
        flood = requests[number % len(requests)] * 5000
        try:
            while flood:
                flood = flood[connection.socket.send(flood):]
        except OSError:  # the broker takes no more
            pass
    wait_until(lambda: metric(guard, "orloj_connections") <= 3, PATIENCE_SECONDS,
               "clients that do not read are closed")
    close_all(unread)


@pytest.mark.parametrize("count", CROWDS)
def test_a_crowd_of_connections_is_served(guarded, count, many_files):
    assert many_files > count + FILES_BESIDE_CONNECTIONS, "raise the limit of open files"
    guard = guarded({"max.connections": count + 10, "max.connections.per.ip": count + 10},
                    connections=count)
    crowd = [guard.connect() for _ in range(count)]
    greet_all(crowd)
    for connection in crowd:
        connection.send(wire.request("Metadata", 9, {"topics": [{"name": "steady"}]}, 7))
    for connection in crowd:
        correlation_id, answer = wire.decode_response("Metadata", 9, connection.receive_frame())
        assert (correlation_id, answer["topics"][0]["error_code"]) == (7, 0)
    close_all(crowd)


@pytest.mark.parametrize("limit", ["max.connections", "max.connections.per.ip"])
def test_connections_beyond_the_limit_are_refused_until_others_leave(guarded, limit):
    allowed = 300
    guard = guarded({limit: allowed})
    beside = 1  # the well-behaved client
    inside = [guard.connect() for _ in range(allowed - beside)]
    greet_all(inside)
    for _ in range(3):
        flood = [guard.connect() for _ in range(500)]
        wait_until_closed(flood)
        close_all(flood)
    greet_all(inside)
    inside.pop().close()

    def is_let_in():
        with guard.connect() as connection:
            try:
                hello(connection)
                return True
            except wire.Closed:
                return False
    wait_until(is_let_in, PATIENCE_SECONDS, "a place that was given up is given to the next")
    close_all(inside)


def test_requests_that_name_one_thing_very_often_cost_what_they_bring(guarded):
    """A small request whose answer would be huge, or whose work."""
    guard = guarded()
    long_name = guard.create_topic("m" * 50, partitions=400)
    guard.create_topic("packed")
    inflating = batches.bomb("zstd", 10 * MEBIBYTE)
    assert guard.produce("packed", inflating)["error_code"] == 0
    often = 5_000
    partition = {"partition_index": 0, "timestamp": 1}
    with guard.connect() as connection:
        hello(connection)
        for name, version, values in (
                ("Metadata", 9, {"topics": [{"name": long_name}] * often}),
                ("DescribeConfigs", 4, {"include_documentation": True, "resources": [
                    {"resource_type": 2, "resource_name": long_name, "configuration_keys": None}
                ] * often}),
                ("ListOffsets", 4, {"replica_id": -1, "topics": [
                    {"name": "packed", "partitions": [partition] * often}]}),
                ("DescribeGroups", 5, {"groups": ["nobody"] * often}),
                ("DescribeTopicPartitions", 0, {"topics": [{"name": long_name}] * often}),
        ):
            connection.call(name, version, values)
