"""Requests that lie about lengths and counts: made from a sound body and the places of its lengths."""

import struct

import wire

# What a count or length is replaced with. Lengths behind lies are those of a small frame.
CLASSIC = {
    2: [b"\x7f\xff", b"\x80\x00", b"\xff\xfe", b"\x01\x00"],
    4: [b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff\xff\xff\xfe", b"\x00\x01\x00\x00",
        b"\x00\x00\x01\x00"],
}
FLEXIBLE = [
    b"\xff\xff\xff\xff\x0f",          # the largest that fits
    b"\xff\xff\xff\xff\x07",          # 2^31 - 1
    b"\x80\x80\x80\x80\x08",          # 2^31: negative as an int32
    b"\xff\xff\xff\xff\x7f",          # bits beyond 32
    b"\xff\xff\xff\xff\xff\x01",      # six bytes
    b"\xff" * 10 + b"\x01",           # no end in sight
    b"\x81\x80\x04",                  # 65537
    b"\x80\x02",                      # 256
    b"\x80\x80\x80\x80\x00",          # a padded zero
]


def lies(name, version, values):
    """(what, frame) for every length and count of the request and each lie about it."""
    writer = wire.encode_request(name, version, values)
    head = wire.header(name, version)
    for at, width, kind in writer.marks:
        for lie in FLEXIBLE if writer.flexible else CLASSIC[width]:
            body = writer.out[:at] + lie + writer.out[at + width:]
            yield f"{name} v{version}: {kind} at {at} is {lie.hex()}", wire.frame(head + body)
    if writer.flexible:
        yield from tag_lies(name, version, bytes(writer.out), head)


def tag_lies(name, version, body, head):
    """Tagged fields at the end of the body, whose last byte is an empty section of them (or holds
    the last known one; then they are bytes behind the end)."""
    sections = {
        "a tag twice": b"\x02\x63\x01x\x63\x01x",
        "tags that descend": b"\x02\x64\x01x\x63\x01x",
        "a million empty tags announced": wire.uvarint(1_000_000) + b"\x63\x00",
        "a thousand tags": wire.uvarint(1000) + b"".join(
            wire.uvarint(100 + i) + b"\x00" for i in range(1000)),
        "a tag larger than the frame": b"\x01\x63" + wire.uvarint(1 << 30) + b"x",
        "the largest tag": b"\x01\xff\xff\xff\xff\x0f\x01x",
    }
    for what, section in sections.items():
        yield f"{name} v{version}: {what}", wire.frame(head + body[:-1] + section)
        in_header = head[:-1] + section
        yield f"{name} v{version}: {what} in the header", wire.frame(in_header + body)


def truncated(whole):
    """The frame cut at each place, still announcing all of it."""
    return [whole[:size] for size in range(len(whole))]


def shortened(whole):
    """The frame cut at each place behind its length, announcing what is there."""
    return [struct.pack(">i", size - 4) + whole[4:size] for size in range(4, len(whole))]
