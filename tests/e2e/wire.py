"""Kafka's wire format on raw sockets, without a client library: messages as dictionaries, encoded
after protocol/definitions, so that a test can also send what no client would."""

import glob
import os
import socket
import struct

from broker import ROOT

DEFINITIONS = os.path.join(ROOT, "protocol", "definitions")
SCALARS = {"bool": "?", "int8": "b", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
           "int64": "q", "float64": "d", "error": "h"}
NAMED = {"true": 1, "false": 0, "max": 0x7fffffff, "min": -0x80000000}
NEVER = 10_000
ANSWER_SECONDS = 60


def span(text, last):
    """(lowest, highest) of "3+", "3-5" or "3"."""
    low, _, high = text.partition("-")
    if low.endswith("+"):
        return int(low[:-1]), last
    return int(low), int(high or low)


class Field:
    def __init__(self, text, last):
        self.name, rest = text.split(": ", 1)
        kind, *attributes = rest.split(", ")
        self.is_array = kind.startswith("[]")
        self.kind = kind.removeprefix("[]")
        self.versions = (0, last)
        self.nullable = None
        self.default = 0
        self.tag = None
        self.fields = []
        for attribute in attributes:
            word, _, value = attribute.partition(" ")
            if word == "versions":
                self.versions = span(value, last)
            elif word == "nullable":
                self.nullable = span(value, last) if value else (0, last)
            elif word == "default":
                self.default = NAMED[value] if value in NAMED else int(value)
            elif word == "tag":
                self.tag = int(value)

    def exists(self, version):
        return self.versions[0] <= version <= self.versions[1]

    def may_be_null(self, version):
        return self.kind == "records" or (
            self.nullable is not None and self.nullable[0] <= version <= self.nullable[1])


class Api:
    """One file of protocol/definitions."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            lines = [line.rstrip() for line in f if line.strip() and not line.strip().startswith("#")]
        self.request, self.response = [], []
        self.flexible_from = NEVER
        stack = []
        for line in lines:
            words = line.split()
            if words[0] == "api" and not line.startswith(" "):
                self.key, self.name = int(words[1]), words[2]
            elif words[0] == "versions":
                self.versions = span(words[1], 0)
            elif words[0] == "flexible":
                self.flexible_from = NEVER if words[1] == "never" else int(words[2])
            elif line in ("request", "response"):
                stack = [getattr(self, line)]
            elif line.startswith(" "):
                depth = (len(line) - len(line.lstrip())) // 2
                field = Field(line.strip(), self.versions[1])
                del stack[depth:]
                stack[depth - 1].append(field)
                stack.append(field.fields)

    def is_flexible(self, version):
        return version >= self.flexible_from


APIS = {api.name: api for api in map(Api, sorted(glob.glob(os.path.join(DEFINITIONS, "*.api"))))}


def uvarint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Writer:
    """Bytes, and where their lengths and counts stand: marks holds (position, width, kind)."""

    def __init__(self, version, flexible):
        self.version = version
        self.flexible = flexible
        self.out = bytearray()
        self.marks = []

    def length(self, value, code, kind):
        """`value` is None for null."""
        if self.flexible:
            packed = uvarint(0 if value is None else value + 1)
        else:
            packed = struct.pack(">" + code, -1 if value is None else value)
        self.marks.append((len(self.out), len(packed), kind))
        self.out += packed

    def plain(self, field, value):
        if field.kind in SCALARS:
            self.out += struct.pack(">" + SCALARS[field.kind], value)
        elif field.kind == "uuid":
            self.out += value or bytes(16)
        elif field.kind in ("string", "bytes", "records"):
            data = value.encode() if isinstance(value, str) else value
            self.length(None if data is None else len(data), "h" if field.kind == "string" else "i",
                        field.kind)
            self.out += data or b""
        else:
            if field.may_be_null(self.version) and not field.is_array:
                self.out.append(0xff if value is None else 1)
                if value is None:
                    return
            self.fields(field.fields, value)

    def field(self, field, value):
        if not field.is_array:
            self.plain(field, value)
            return
        self.length(None if value is None else len(value), "i", "array")
        for item in value or ():
            self.plain(field, item)

    def fields(self, fields, values):
        tagged = []
        for field in fields:
            if not field.exists(self.version):
                continue
            value = values.get(field.name, empty(field, self.version))
            if field.tag is not None:
                if field.name in values:
                    tagged.append((field, value))
                continue
            self.field(field, value)
        if self.flexible:
            self.tagged(tagged)

    def tagged(self, tagged):
        self.marks.append((len(self.out), 1, "tags"))
        self.out += uvarint(len(tagged))
        for field, value in sorted(tagged, key=lambda pair: pair[0].tag):
            inner = Writer(self.version, True)
            inner.field(field, value)
            self.out += uvarint(field.tag)
            size = uvarint(len(inner.out))
            self.marks.append((len(self.out), len(size), "tag size"))
            self.out += size
            self.marks += [(len(self.out) + at, width, kind) for at, width, kind in inner.marks]
            self.out += inner.out


def empty(field, version):
    if field.is_array:
        return []
    if field.kind in SCALARS:
        return field.default
    if field.kind == "uuid":
        return bytes(16)
    if field.may_be_null(version):
        return None
    if field.kind == "string":
        return ""
    return b"" if field.kind in ("bytes", "records") else {}


def sample(fields, version):
    """Values with every field that the version has, one element in each array, tagged ones too."""
    def one(field):
        if field.kind in SCALARS:
            return field.default
        if field.kind == "uuid":
            return bytes(15) + b"\1"
        if field.kind == "string":
            return "x"
        return b"xy" if field.kind in ("bytes", "records") else sample(field.fields, version)
    return {field.name: [one(field)] if field.is_array else one(field)
            for field in fields if field.exists(version)}


def encode_request(name, version, values):
    """A Writer that holds the body."""
    api = APIS[name]
    writer = Writer(version, api.is_flexible(version))
    writer.fields(api.request, values)
    return writer


def header(name, version, correlation_id=1, client_id=b"raw"):
    api = APIS[name]
    out = struct.pack(">hhih", api.key, version, correlation_id, len(client_id)) + client_id
    return out + (b"\0" if api.is_flexible(version) else b"")


def frame(payload):
    return struct.pack(">i", len(payload)) + payload


def request(name, version, values, correlation_id=1):
    """A whole frame."""
    body = encode_request(name, version, values).out
    return frame(header(name, version, correlation_id) + body)


class Reader:
    def __init__(self, data, version, flexible):
        self.data = memoryview(data)
        self.at = 0
        self.version = version
        self.flexible = flexible

    def take(self, count):
        assert count <= len(self.data) - self.at, "the answer is cut"
        taken = self.data[self.at:self.at + count]
        self.at += count
        return taken

    def number(self, code):
        return struct.unpack(">" + code, self.take(struct.calcsize(">" + code)))[0]

    def uvarint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def length(self, code):
        return self.uvarint() - 1 if self.flexible else self.number(code)

    def plain(self, field):
        if field.kind in SCALARS:
            return self.number(SCALARS[field.kind])
        if field.kind == "uuid":
            return bytes(self.take(16))
        if field.kind in ("string", "bytes", "records"):
            length = self.length("h" if field.kind == "string" else "i")
            data = None if length < 0 else bytes(self.take(length))
            return data.decode() if data is not None and field.kind == "string" else data
        if field.may_be_null(self.version) and not field.is_array and self.number("b") < 0:
            return None
        return self.fields(field.fields)

    def field(self, field):
        if not field.is_array:
            return self.plain(field)
        count = self.length("i")
        return None if count < 0 else [self.plain(field) for _ in range(count)]

    def fields(self, fields):
        here = [field for field in fields if field.exists(self.version)]
        values = {field.name: self.field(field) for field in here if field.tag is None}
        by_tag = {field.tag: field for field in here if field.tag is not None}
        for _ in range(self.uvarint() if self.flexible else 0):
            tag, size = self.uvarint(), self.uvarint()
            end = self.at + size
            if tag in by_tag:
                values[by_tag[tag].name] = self.field(by_tag[tag])
            self.at = end
        return values


def decode_response(name, version, payload):
    """(correlation id, values)"""
    api = APIS[name]
    flexible = api.is_flexible(version)
    reader = Reader(payload, version, flexible)
    correlation_id = reader.number("i")
    if flexible and name != "ApiVersions":
        assert reader.uvarint() == 0
    values = reader.fields(api.response)
    assert reader.at == len(payload), f"{len(payload) - reader.at} bytes follow the answer"
    return correlation_id, values


class Closed(Exception):
    """The broker closed the connection."""


class Connection:
    """A raw socket that also speaks whole requests."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(ANSWER_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.correlation_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """False when the broker has closed the connection."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def receive(self, count):
        out = bytearray()
        while len(out) < count:
            try:
                got = self.socket.recv(min(count - len(out), 1 << 20))
            except ConnectionResetError:
                got = b""
            if not got:
                raise Closed(f"after {len(out)} of {count} bytes")
            out += got
        return bytes(out)

    def receive_frame(self):
        return self.receive(struct.unpack(">i", self.receive(4))[0])

    def answers_until_closed(self):
        """Reads until the broker closes; how many whole answers came."""
        answers = 0
        try:
            while True:
                self.receive_frame()
                answers += 1
        except Closed:
            return answers

    def call(self, name, version, values):
        self.correlation_id += 1
        if not self.send(request(name, version, values, self.correlation_id)):
            raise Closed("while sending")
        correlation_id, answer = decode_response(name, version, self.receive_frame())
        assert correlation_id == self.correlation_id, "answers out of order"
        return answer


def served(port):
    """name -> (lowest, highest version that is both announced and defined)."""
    with Connection(port) as connection:
        answer = connection.call("ApiVersions", 3, {})
    by_key = {api.key: api for api in APIS.values()}
    rows = {}
    for row in answer["api_keys"]:
        api = by_key[row["api_key"]]
        rows[api.name] = (max(row["min_version"], api.versions[0]), row["max_version"])
    return rows
