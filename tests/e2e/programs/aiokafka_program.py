"""aiokafka behind the line protocol."""

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import for_code

from line_protocol import encoded, encoded_headers, failure, plain

COMMON = {"bootstrap_servers": sys.argv[1], "metadata_max_age_ms": 1000}
consumers = {}


async def about():
    return {"codecs": ["none", "gzip", "snappy", "lz4", "zstd"], "idempotent": True,
            "strategies": ["eager"], "static": True, "told": "each"}


async def with_client(made, act):
    await made.start()
    try:
        return await act(made)
    finally:
        await (made.close() if hasattr(made, "close") else made.stop())


def raise_errors(answer):
    for _, code, *rest in getattr(answer, "topic_errors", None) or answer.topic_error_codes:
        if code:
            raise for_code(code)(*rest)


async def create_topic(topic, partitions, config):
    wanted = NewTopic(topic, partitions, 1, topic_configs=config)
    raise_errors(await with_client(AIOKafkaAdminClient(**COMMON),
                                   lambda admin: admin.create_topics([wanted])))


async def delete_topic(topic):
    raise_errors(await with_client(AIOKafkaAdminClient(**COMMON),
                                   lambda admin: admin.delete_topics([topic])))


async def topics():
    return sorted(await with_client(AIOKafkaAdminClient(**COMMON),
                                    lambda admin: admin.list_topics()))


async def produce(topic, records, partition=0, codec="none", one_by_one=False):
    async def act(producer):
        sent = []
        for record in records:
            sent.append(await producer.send(
                topic, key=encoded(record.get("key")), value=encoded(record["value"]),
                partition=partition, headers=encoded_headers(record),
                timestamp_ms=record.get("timestamp")))
            if one_by_one:
                await sent[-1]
        return [(await each).offset for each in sent]
    return await with_client(AIOKafkaProducer(
        compression_type=None if codec == "none" else codec, acks="all", enable_idempotence=True,
        linger_ms=0 if one_by_one else 200, max_batch_size=1000000, **COMMON), act)


async def subscribe(consumer, group, topic, instance=None, **_):
    made = AIOKafkaConsumer(
        topic, group_id=group, group_instance_id=instance, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=10000, heartbeat_interval_ms=300,
        partition_assignment_strategy=(RangePartitionAssignor,), **COMMON)
    # start() waits for the group, which may wait for members that subscribe later.
    consumers[consumer] = (made, asyncio.create_task(made.start()))


async def taken(consumer, ms):
    found = await consumer.getmany(timeout_ms=ms)
    now_ms = time.time() * 1000
    return [plain(record, now_ms) for records in found.values() for record in records]


async def poll(consumer, ms):
    member, started = consumers[consumer]
    done, _ = await asyncio.wait([started], timeout=ms / 1000)
    if not done:
        return {"records": [], "partitions": []}
    started.result()
    records = await taken(member, ms)
    return {"records": records, "partitions": sorted(p.partition for p in member.assignment())}


async def commit(consumer, topic, partition, offset):
    await consumers[consumer][0].commit({TopicPartition(topic, partition): offset})


def reader(**config):
    return AIOKafkaConsumer(enable_auto_commit=False, auto_offset_reset="earliest", **config,
                            **COMMON)


async def committed(group, topic, partition):
    found = await with_client(reader(group_id=group),
                              lambda c: c.committed(TopicPartition(topic, partition)))
    return -1 if found is None else found


async def leave(consumer):
    member, started = consumers.pop(consumer)
    await started
    await member.stop()


async def offset_of(consumer, place, timestamp):
    found = (await consumer.offsets_for_times({place: timestamp}))[place]
    return -1 if found is None else found.offset


async def offset_at(topic, partition, timestamp):
    return await with_client(
        reader(), lambda c: offset_of(c, TopicPartition(topic, partition), timestamp))


async def read(topic, partition, count, ms, offset=None, timestamp=None):
    async def act(consumer):
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        start = await offset_of(consumer, place, timestamp) if offset is None else offset
        consumer.seek(place, start)
        found = []
        deadline = time.monotonic() + ms / 1000
        while len(found) < count and time.monotonic() < deadline:
            found += await taken(consumer, 200)
        return found[:count]
    return await with_client(reader(), act)


COMMANDS = {command.__name__: command for command in (
    about, create_topic, delete_topic, topics, produce, subscribe, poll, commit, committed, leave,
    offset_at, read)}


async def answer(line):
    command = json.loads(line)
    try:
        return {"ok": await COMMANDS[command.pop("do")](**command)}
    except Exception as error:  # whatever the client throws is the answer
        return failure(error)


async def main():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await answer(line)), flush=True)


asyncio.run(main())
