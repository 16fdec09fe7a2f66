"""Record batches made by hand: sound ones, ones whose fields lie, and ones that inflate hugely."""

import struct
import time
import zlib

from wire import uvarint

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
HEADER = ">qiibIhiqqqhii"  # base offset ... record count
HEADER_BYTES = struct.calcsize(HEADER)
CRC_AT = 17
CRC_FROM = 21
MEBIBYTE = 1 << 20


def crc32c_table():
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
        table.append(crc)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xff] ^ crc >> 8
    return crc ^ 0xffffffff


def varint(value):
    """Zigzag, as inside records."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def nullable(data):
    return varint(-1) if data is None else varint(len(data)) + data


def record(value, offset_delta=0, key=None, headers=(), timestamp_delta=0, header_count=None):
    body = b"\0" + varint(timestamp_delta) + varint(offset_delta) + nullable(key) + nullable(value)
    body += varint(len(headers) if header_count is None else header_count)
    for name, content in headers:
        body += nullable(name) + nullable(content)
    return varint(len(body)) + body


def batch(records, count=None, codec="none", crc=None, **fields):
    """`records` is the payload as it is sent (compressed already); fields override the header's."""
    count = 1 if count is None else count
    now = int(time.time() * 1000)
    values = {"base_offset": 0, "length": HEADER_BYTES - 12 + len(records), "epoch": -1, "magic": 2,
              "attributes": CODECS[codec], "last_offset_delta": count - 1, "base_timestamp": now,
              "max_timestamp": now, "producer_id": -1, "producer_epoch": -1, "base_sequence": -1,
              "count": count, **fields}
    tail = struct.pack(">hiqqqhii", *(values[name] for name in (
        "attributes", "last_offset_delta", "base_timestamp", "max_timestamp", "producer_id",
        "producer_epoch", "base_sequence", "count"))) + records
    return struct.pack(">qiibI", values["base_offset"], values["length"], values["epoch"],
                       values["magic"], crc32c(tail) if crc is None else crc) + tail


def sound(values, headers=(), **fields):
    records = b"".join(record(v, i, headers=headers) for i, v in enumerate(values))
    return batch(records, len(values), **fields)


# Compression by hand, good enough for `head` and then very many zero bytes.

def gzip(head, zeros):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = packer.compress(head)
    block = bytes(MEBIBYTE)
    for at in range(0, zeros, MEBIBYTE):
        out += packer.compress(block[:min(MEBIBYTE, zeros - at)])
    return out + packer.flush()


def snappy(head, zeros, stored_size=None):
    """One raw block: literals, then copies of 64 bytes, 3 bytes each."""
    size = len(head) + zeros
    out = uvarint(size if stored_size is None else stored_size)
    literal = head + b"\0"
    out += bytes([61 << 2]) + struct.pack("<H", len(literal) - 1) + literal
    copies, rest = divmod(zeros - 1, 64)
    out += b"\xfe\x01\x00" * copies
    return out + (bytes([(rest - 1) << 2 | 2]) + b"\x01\x00" if rest else b"")


def lz4(head, zeros):
    """A frame of blocks of 4 MiB: each a few literals and one match of distance 1."""
    out = b"\x04\x22\x4d\x18\x60\x70\x73"
    block_size = 4 * MEBIBYTE
    data = head
    left = zeros
    while data or left:
        run = min(left, block_size - len(data))
        left -= run
        out += lz4_block(data, run)
        data = b""
    return out + bytes(4)


def lz4_block(head, zeros):
    literal = head + bytes(min(zeros, 1))
    match = zeros - 1 - 5  # the last five bytes of a block are literals
    if match < 4:
        stored = head + bytes(zeros)
        return struct.pack("<I", len(stored) | 0x80000000) + stored
    block = lz4_token(len(literal), 15) + lz4_rest(len(literal)) + literal + b"\x01\x00"
    block += lz4_rest(match - 4) if match - 4 >= 15 else b""
    block += b"\x50" + bytes(5)
    return struct.pack("<I", len(block)) + block


def lz4_token(literals, match):
    return bytes([min(literals, 15) << 4 | match])


def lz4_rest(length):
    if length < 15:
        return b""
    full, rest = divmod(length - 15, 255)
    return b"\xff" * full + bytes([rest])


def zstd(head, zeros):
    """A raw block, then blocks of one repeated byte, four bytes for 128 KiB each."""
    out = b"\x28\xb5\x2f\xfd\x00\x58"  # no content size, window 2 MiB
    blocks = [(0, head, len(head))]
    while zeros:
        run = min(zeros, 128 << 10)
        blocks.append((1, b"\0", run))
        zeros -= run
    for i, (kind, data, size) in enumerate(blocks):
        out += struct.pack("<I", size << 3 | kind << 1 | (i == len(blocks) - 1))[:3] + data
    return out


COMPRESSORS = {"gzip": gzip, "snappy": snappy, "lz4": lz4, "zstd": zstd}


def bomb(codec, inflated_bytes, headers=()):
    """A small record with the headers, then one whose value is `inflated_bytes` zero bytes."""
    first = record(b"small", 0, headers=headers)
    body = b"\0" + varint(0) + varint(1) + varint(-1) + varint(inflated_bytes)
    tail = 1  # no headers: one zero byte, like the rest
    head = first + varint(len(body) + inflated_bytes + tail) + body
    return batch(COMPRESSORS[codec](head, inflated_bytes + tail), 2, codec)


def many(count, headers=(), of_first=()):
    """`count` tiny records in a batch that gzip shrinks well; the first one has more headers."""
    payload = record(b"", 0, headers=[*of_first, *headers])
    payload += b"".join(record(b"", i, headers=headers) for i in range(1, count))
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return batch(packer.compress(payload) + packer.flush(), count, "gzip")
