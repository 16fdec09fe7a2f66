"""kafka-python behind the line protocol."""

import queue
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaConnectionError
from kafka.structs import OffsetAndMetadata

from line_protocol import encoded, encoded_headers, plain, serve

ANSWER_SECONDS = 60
COMMON = {"bootstrap_servers": sys.argv[1], "reconnect_backoff_max_ms": 300,
          "metadata_max_age_ms": 1000}
STRATEGIES = {"eager": RangePartitionAssignor, "cooperative": CooperativeStickyAssignor}
members = {}


def about():
    return {"codecs": ["none", "gzip", "snappy", "lz4", "zstd"], "idempotent": True,
            "strategies": ["eager", "cooperative"], "static": True, "told": "each"}


def with_admin(act):
    admin = KafkaAdminClient(**COMMON)
    try:
        return act(admin)
    finally:
        admin.close()


def create_topic(topic, partitions, config):
    wanted = {topic: {"num_partitions": partitions, "replication_factor": 1, "configs": config}}
    with_admin(lambda admin: admin.create_topics(wanted))


def delete_topic(topic):
    with_admin(lambda admin: admin.delete_topics([topic]))


def topics():
    return sorted(with_admin(lambda admin: admin.list_topics()))


def produce(topic, records, partition=0, codec="none", one_by_one=False):
    producer = KafkaProducer(
        compression_type=None if codec == "none" else codec, acks="all", enable_idempotence=True,
        linger_ms=0 if one_by_one else 200, batch_size=1000000, **COMMON)
    try:
        sent = []
        for record in records:
            sent.append(producer.send(
                topic, key=encoded(record.get("key")), value=encoded(record["value"]),
                partition=partition, headers=encoded_headers(record),
                timestamp_ms=record.get("timestamp")))
            if one_by_one:
                sent[-1].get(ANSWER_SECONDS)
        return [each.get(ANSWER_SECONDS).offset for each in sent]
    finally:
        producer.close()


class Member:
    """A consumer polled by a thread of its own. One thread that polled several in turns would throw
    finished joins away: poll() must be waiting when the join ends."""

    def __init__(self, consumer):
        self.consumer = consumer
        self.inbox = queue.Queue()
        self.requests = queue.Queue()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while True:
            while not self.requests.empty():
                act, answer = self.requests.get()
                if act is None:
                    return
                try:
                    answer.put((act(self.consumer), None))
                except Exception as error:
                    answer.put((None, error))
            try:
                for record in taken(self.consumer, 500 if self.consumer.assignment() else 5000):
                    self.inbox.put(record)
            except KafkaConnectionError:
                pass  # the broker is being restarted

    def act(self, act):
        answer = queue.Queue()
        self.requests.put((act, answer))
        result, error = answer.get(timeout=ANSWER_SECONDS)
        if error:
            raise error
        return result

    def records(self, ms):
        found = []
        try:
            found.append(self.inbox.get(timeout=ms / 1000))
            while True:
                found.append(self.inbox.get_nowait())
        except queue.Empty:
            return found

    def leave(self):
        self.requests.put((None, None))
        self.thread.join(ANSWER_SECONDS)
        self.consumer.close()


def subscribe(consumer, group, topic, strategy="eager", instance=None):
    made = KafkaConsumer(
        group_id=group, group_instance_id=instance, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=10000, heartbeat_interval_ms=300,
        partition_assignment_strategy=(STRATEGIES[strategy],), **COMMON)
    made.subscribe([topic])
    members[consumer] = Member(made)


def taken(consumer, ms):
    found = consumer.poll(timeout_ms=ms)
    now_ms = time.time() * 1000
    return [plain(record, now_ms) for records in found.values() for record in records]


def poll(consumer, ms):
    member = members[consumer]
    records = member.records(ms)
    held = member.consumer.assignment()
    return {"records": records, "partitions": sorted(p.partition for p in held)}


def commit(consumer, topic, partition, offset):
    place = TopicPartition(topic, partition)
    members[consumer].act(lambda c: c.commit({place: OffsetAndMetadata(offset, "", -1)}))


def with_consumer(act, **config):
    reader = KafkaConsumer(enable_auto_commit=False, auto_offset_reset="earliest",
                           **config, **COMMON)
    try:
        return act(reader)
    finally:
        reader.close()


def committed(group, topic, partition):
    found = with_consumer(lambda c: c.committed(TopicPartition(topic, partition)), group_id=group)
    return -1 if found is None else found


def leave(consumer):
    members.pop(consumer).leave()


def offset_of(reader, place, timestamp):
    found = reader.offsets_for_times({place: timestamp})[place]
    return -1 if found is None else found.offset


def offset_at(topic, partition, timestamp):
    return with_consumer(lambda c: offset_of(c, TopicPartition(topic, partition), timestamp))


def read(topic, partition, count, ms, offset=None, timestamp=None):
    def act(reader):
        place = TopicPartition(topic, partition)
        reader.assign([place])
        reader.seek(place, offset_of(reader, place, timestamp) if offset is None else offset)
        found = []
        deadline = time.monotonic() + ms / 1000
        while len(found) < count and time.monotonic() < deadline:
            found += taken(reader, 200)
        return found[:count]
    return with_consumer(act)


COMMANDS = (about, create_topic, delete_topic, topics, produce, subscribe, poll, commit, committed,
            leave, offset_at, read)
serve({command.__name__: command for command in COMMANDS})
