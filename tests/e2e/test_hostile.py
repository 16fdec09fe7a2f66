"""Promise 8: bad input costs nothing. Raw bytes against the release binary, while a well-behaved
client goes on with its work."""

import socket
import struct

import pytest

import batches
import damage
import wire
from guard import FRAME_BYTES, INFLATED_BYTES, KIBIBYTE, MEBIBYTE, guarded  # noqa: F401

FIRST_FRAME_BYTES = 64 * KIBIBYTE  # the largest request before the first valid one
NONE, CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP = 0, 2, 10, 32
INVALID_TXN_STATE, UNSUPPORTED_COMPRESSION_TYPE, INVALID_RECORD = 48, 76, 87

pytestmark = pytest.mark.orloj_only


def hello(connection):
    """A first valid request."""
    assert connection.call("ApiVersions", 3, {"client_software_name": "raw"})["error_code"] == 0


def answers_after(guard, data, trusted):
    """Sends bytes, then the end of the stream; how many answers came until the broker closed."""
    with guard.connect() as connection:
        if trusted:
            hello(connection)
        if connection.send(data):
            end_of_stream(connection)
        return connection.answers_until_closed()


def end_of_stream(connection):
    try:
        connection.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def random_attack(chance, rows):
    kind = chance.randrange(4)
    noise = chance.randbytes(chance.randrange(1, 3000))
    if kind == 0:
        return noise
    if kind == 1:
        return wire.frame(noise)
    name = chance.choice(list(rows))
    version = chance.randint(*rows[name])
    if kind == 2:
        return wire.frame(wire.header(name, version) + noise)
    body = bytearray(wire.encode_request(name, version, wire.sample(
        wire.APIS[name].request, version)).out + b"\0")
    for _ in range(chance.randint(1, 4)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return wire.frame(wire.header(name, version) + body)


@pytest.mark.parametrize("count", [1500, pytest.param(60_000, marks=pytest.mark.full)])
def test_random_bytes_are_answered_or_the_connection_is_closed(guarded, seeded, count):
    guard = guarded()
    rows = wire.served(guard.port)
    for number in range(count):
        answers_after(guard, random_attack(seeded, rows), trusted=number % 2 == 0)


def whole_requests():
    batch = batches.sound([b"one", b"two"])
    yield wire.request("Metadata", 9, {"topics": [{"name": "steady"}]})
    yield wire.request("Metadata", 4, {"topics": [{"name": "steady"}]})
    yield wire.request("Fetch", 11, wire.sample(wire.APIS["Fetch"].request, 11))
    yield wire.request("Produce", 9, {"acks": -1, "topics": [
        {"name": "cut", "partitions": [{"index": 0, "records": batch}]}]})


@pytest.mark.parametrize("trusted", [False, True], ids=["first", "later"])
def test_truncated_frames_are_never_answered(guarded, trusted):
    guard = guarded()
    guard.create_topic("cut")
    for whole in whole_requests():
        for data in damage.truncated(whole)[::3] + damage.shortened(whole)[::3]:
            assert answers_after(guard, data, trusted) == 0, f"{data.hex()} was answered"
    assert guard.end_offset("cut") == 0


def padded(size):
    """A sound request of `size` bytes: what follows the last field is ignored."""
    small = wire.header("ApiVersions", 0)
    return wire.frame(small + bytes(size - len(small)))


def test_oversized_frames_close_the_connection(guarded):
    guard = guarded()
    for trusted, limit in ((False, FIRST_FRAME_BYTES), (True, FRAME_BYTES)):
        assert answers_after(guard, padded(limit), trusted) == 1
        for length in (limit + 1, 0x7fffffff, -1, -0x80000000, 0):
            with guard.connect() as connection:
                if trusted:
                    hello(connection)
                connection.send(struct.pack(">i", length))
                # Closed at once, though nothing but the length was sent and more may come.
                assert connection.answers_until_closed() == 0, length


@pytest.mark.parametrize("every_version", [False, pytest.param(True, marks=pytest.mark.full)])
def test_lengths_and_counts_that_lie_close_the_connection(guarded, every_version):
    guard = guarded()
    for name, (lowest, highest) in wire.served(guard.port).items():
        flexible_from = wire.APIS[name].flexible_from
        chosen = {lowest, highest, min(max(flexible_from, lowest), highest)}
        for version in range(lowest, highest + 1) if every_version else sorted(chosen):
            values = wire.sample(wire.APIS[name].request, version)
            for what, data in damage.lies(name, version, values):
                with guard.connect() as connection:
                    connection.send(data)
                    end_of_stream(connection)
                    assert connection.answers_until_closed() <= 1, what


def lying_batches():
    """(what, batch, error codes that fit)"""
    one = batches.record(b"value")
    two = one + batches.record(b"value", 1)
    invalid = {INVALID_RECORD}
    corrupt = {CORRUPT_MESSAGE, INVALID_RECORD}
    yield "wrong CRC", batches.batch(one, crc=1), {CORRUPT_MESSAGE}
    for length in (-1, 0, 48, 1 << 20, 0x7fffffff, -0x80000000):
        yield f"length {length}", batches.batch(one, length=length), corrupt
    for magic in (0, 1, 3, 127, -1):
        yield f"magic {magic}", batches.batch(one, magic=magic), corrupt | {43}
    for count in (-1, 0, 2, 0x7fffffff, -0x80000000):
        for delta in sorted({0, count - 1 if count > -0x80000000 else 0, 0x7fffffff, -1}):
            if (count, delta) != (1, 0):
                yield (f"count {count}, last delta {delta}",
                       batches.batch(one, count, last_offset_delta=delta), invalid)
    yield "fewer records than bytes", batches.batch(two, 1), invalid
    yield "same delta twice", batches.batch(one + one, 2), invalid
    yield "deltas with a hole", batches.batch(one + batches.record(b"", 2), 2,
                                              last_offset_delta=2), invalid
    yield "delta before the first", batches.batch(batches.record(b"", -1)), invalid
    yield "control batch", batches.batch(one, attributes=0x20), invalid
    yield "transactional batch without producer", batches.batch(one, attributes=0x10), invalid
    yield "transactional batch", batches.batch(
        one, attributes=0x10, producer_id=1, producer_epoch=0, base_sequence=0), {INVALID_TXN_STATE}
    yield "delete horizon", batches.batch(one, attributes=0x40), invalid
    yield "log append time", batches.batch(one, attributes=0x08), {INVALID_TIMESTAMP}
    yield "far future", batches.batch(one, base_timestamp=1 << 62), {INVALID_TIMESTAMP}
    for codec in (5, 6, 7):
        yield f"codec {codec}", batches.batch(one, attributes=codec), {UNSUPPORTED_COMPRESSION_TYPE}
    yield "producer without epoch", batches.batch(one, producer_id=1), invalid
    yield "two batches", batches.batch(one) * 2, invalid
    yield "no bytes", b"", corrupt
    yield "null", None, corrupt
    for size in (0, -1, 4, 1 << 20, -(1 << 31), (1 << 31) - 1):
        yield f"record of size {size}", batches.batch(batches.varint(size) + one[1:]), invalid
    yield "varint without end", batches.batch(b"\xff" * 30), invalid
    yield "record of a 70-bit varint", batches.batch(b"\xff" * 9 + b"\x7f" + one), invalid
    for count in (1, -1, 10_001, (1 << 31) - 1):
        yield f"{count} headers that are not there", batches.batch(
            batches.record(b"v", header_count=count)), invalid | {MESSAGE_TOO_LARGE}


def damaged_compression():
    """The same for what only shows when the records are unpacked."""
    one = batches.record(b"value")
    fitting = {CORRUPT_MESSAGE, INVALID_RECORD}
    for codec, compress in batches.COMPRESSORS.items():
        yield f"{codec} of no such thing", batches.batch(one, codec=codec), fitting
        yield f"cut {codec}", batches.batch(compress(one, 100)[:-2], codec=codec), fitting
        yield f"{codec} of a lie", batches.batch(compress(one, 100), codec=codec), fitting
    yield "snappy with a size of 4 GiB", batches.batch(
        batches.snappy(one, 10, 0xffffffff), codec="snappy"), fitting | {MESSAGE_TOO_LARGE}


@pytest.mark.parametrize("scheduling", ["true", "false"])
def test_batches_that_lie_are_refused_with_the_fitting_code(guarded, scheduling):
    guard = guarded()
    guard.create_topic("lies", schedule_enable=scheduling)
    # Without scheduling nothing looks inside compressed batches.
    hidden = damaged_compression() if scheduling == "true" else ()
    for what, batch, fitting in [*lying_batches(), *hidden]:
        answer = guard.produce("lies", batch)
        assert answer["error_code"] in fitting, f"{what}: {answer}"
        assert answer["base_offset"] == -1, f"{what}: {answer}"
    assert guard.end_offset("lies") == 0
    assert guard.produce("lies", batches.sound([b"truth"]))["base_offset"] == 0


SCHEDULED = [(b"schedule-delay", b"1h")]
ROUNDS = [3, pytest.param(100, marks=pytest.mark.full)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("headers", [(), SCHEDULED], ids=["plain", "scheduled"])
def test_compression_bombs_are_refused_and_inflate_to_the_limit_only(guarded, headers, rounds):
    guard = guarded({"message.max.bytes": FRAME_BYTES})
    guard.create_topic("bombs")
    made = [(codec, batches.bomb(codec, INFLATED_BYTES + MEBIBYTE, headers))
            for codec in batches.COMPRESSORS]
    made += [("zstd", batches.bomb("zstd", 1 << 30, headers))]
    with guard.connect() as connection:
        hello(connection)
        for codec, batch in made * rounds:
            answer = guard.produce("bombs", batch, connection)
            assert answer["error_code"] == MESSAGE_TOO_LARGE, f"{codec}: {answer}"
    assert guard.end_offset("bombs") == 0


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("headers", [(), SCHEDULED], ids=["plain", "scheduled"])
def test_batches_that_inflate_to_just_below_the_limit_stay_within_the_memory(
        guarded, headers, rounds):
    guard = guarded({"message.max.bytes": FRAME_BYTES})
    guard.create_topic("bombs")
    made = [batches.bomb(codec, INFLATED_BYTES - MEBIBYTE, headers)
            for codec in batches.COMPRESSORS]
    made.append(batches.many(1_500_000, of_first=headers))
    made.append(batches.many(400_000, headers))
    with guard.connect() as connection:
        hello(connection)
        for batch in made * (rounds // 3):
            answer = guard.produce("bombs", batch, connection)
            assert answer["error_code"] in (NONE, MESSAGE_TOO_LARGE, INVALID_RECORD), answer


def test_bombs_pass_unopened_where_scheduling_is_off(guarded):
    guard = guarded()
    guard.create_topic("unopened", schedule_enable="false")
    with guard.connect() as connection:
        hello(connection)
        for codec in batches.COMPRESSORS:
            batch = batches.bomb(codec, INFLATED_BYTES + MEBIBYTE)
            answer = guard.produce("unopened", batch, connection)
            # What is stored is what was sent: small.
            assert answer["error_code"] == NONE, f"{codec}: {answer}"
