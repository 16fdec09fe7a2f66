"""One command a line on stdin, one answer a line on stdout; README.md tells the commands."""

import json
import sys


def failure(error):
    return {"error": {"code": getattr(error, "errno", None),
                      "text": f"{type(error).__name__}: {error}"}}


def serve(commands):
    """`commands` maps the name of a command to a function."""
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = {"ok": commands[command.pop("do")](**command)}
        except Exception as error:  # whatever the client throws is the answer
            answer = failure(error)
        print(json.dumps(answer), flush=True)


def encoded(text):
    return None if text is None else text.encode()


def encoded_headers(record):
    return [(name, value.encode()) for name, value in record.get("headers", {}).items()]


def plain(record, at_ms):
    """A consumed record of kafka-python or aiokafka as the answer shows it."""
    def text(value):
        return None if value is None else value.decode()
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset,
            "key": text(record.key), "value": text(record.value), "timestamp": record.timestamp,
            "headers": {name: text(value) for name, value in record.headers}, "at": at_ms}
