"""What every client library is asked to do, and what must come of it.

The steps of Plain are plain Kafka: each returns what the client was told, without what differs from run
to run, so that the answers of two brokers can be compared. Scheduling asks for what only Orloj has.
"""

import time

import pytest

from clients import Python
from polling import wait_until
from programs import Refused

PATIENCE_SECONDS = 90
READ_MS = 60_000
PARTITIONS = 6
PER_PARTITION = 4
# Few partitions, so that a restart has little to open.
SETTINGS = {"offsets.topic.num.partitions": "4"}


def now_ms():
    return int(time.time() * 1000)


def shown(records):
    """Records without what differs from run to run."""
    return [[r["partition"], r["offset"], r["key"], r["value"], r["headers"]] for r in records]


class Steps:
    def __init__(self, program, broker):
        self.program = program
        self.broker = broker
        self.about = program.ask("about")

    def ask(self, do, **arguments):
        return self.program.ask(do, **arguments)

    def create(self, topic, partitions=1, **config):
        named = {name.replace("_", "."): str(value) for name, value in config.items()}
        self.ask("create_topic", topic=topic, partitions=partitions, config=named)
        wait_until(lambda: topic in self.ask("topics"), PATIENCE_SECONDS, f"{topic} is listed")
        return topic

    def refusal(self, do, **arguments):
        with pytest.raises(Refused) as refused:
            self.ask(do, **arguments)
        print(refused.value)  # shown when the test fails
        return refused.value.code

    def assert_told(self, told, offsets):
        """`offsets` of one batch; some clients are content with the first."""
        assert told == (offsets if self.about["told"] == "each" else offsets[:1])

    def read(self, topic, count, partition=0, **start):
        found = self.ask("read", topic=topic, partition=partition, count=count, ms=READ_MS,
                         **(start or {"offset": 0}))
        assert len(found) == count, f"{len(found)} of {count} records: {found[-1:]}"
        return found


class Group:
    """Members of one group, polled in turns; remembers which values they have received."""

    def __init__(self, steps, topic, group, partitions=PARTITIONS, strategy="eager"):
        self.steps = steps
        self.topic = topic
        self.group = group
        self.partitions = partitions
        self.strategy = strategy
        self.held = {}
        self.received = []

    def join(self, name, **more):
        self.steps.ask("subscribe", consumer=name, group=self.group, topic=self.topic,
                       strategy=self.strategy, **more)
        self.held[name] = []

    def leave(self, name):
        self.steps.ask("leave", consumer=name)
        del self.held[name]

    def poll(self):
        for name in self.held:
            polled = self.steps.ask("poll", consumer=name, ms=100)
            self.held[name] = polled["partitions"]
            self.received += polled["records"]

    def is_shared_out(self):
        """Each member holds as many partitions as any other, give or take one, and all are held."""
        self.poll()
        held = sorted(p for partitions in self.held.values() for p in partitions)
        sizes = [len(partitions) for partitions in self.held.values()]
        return held == list(range(self.partitions)) and max(sizes) - min(sizes) <= 1

    def settle(self):
        wait_until(self.is_shared_out, PATIENCE_SECONDS, lambda: f"shared out: {self.held}")

    def values(self):
        return {record["value"] for record in self.received}

    def places(self):
        return {(record["partition"], record["value"]) for record in self.received}

    def gather(self, wanted, found=None):
        """Polls until `found` (all values, if nothing else is given) holds what is wanted."""
        found = found or self.values

        def has_all():
            self.poll()
            return wanted <= found()
        wait_until(has_all, PATIENCE_SECONDS,
                   lambda: f"{len(wanted - found())} of {len(wanted)} values to come")

    def commit(self, offset):
        """Each member commits `offset` for what it holds."""
        for name, partitions in self.held.items():
            for partition in partitions:
                self.steps.ask("commit", consumer=name, topic=self.topic, partition=partition,
                               offset=offset)

    def committed(self):
        return [self.steps.ask("committed", group=self.group, topic=self.topic, partition=p)
                for p in range(self.partitions)]


class Plain(Steps):
    def topics(self):
        self.create("made", 3, retention_ms=60000)
        again = self.refusal("create_topic", topic="made", partitions=3, config={})
        assert again == 36, "TOPIC_ALREADY_EXISTS"
        self.ask("delete_topic", topic="made")
        wait_until(lambda: "made" not in self.ask("topics"), PATIENCE_SECONDS, "made is gone")
        return again

    def codecs(self):
        """Each codec is read back as sent, after a restart too."""
        records = [{"key": f"key {i}", "value": f"value {i} " * 20, "headers": {"n": str(i)}}
                   for i in range(50)]
        records.append({"key": None, "value": "no key", "headers": {}})
        expected = [[0, offset, r["key"], r["value"], r["headers"]]
                    for offset, r in enumerate(records)]
        self.create("codecs", len(self.about["codecs"]))
        answers = []
        for partition, codec in enumerate(self.about["codecs"]):
            answers.append(self.ask("produce", topic="codecs", partition=partition, codec=codec,
                                    records=records))
            self.assert_told(answers[-1], list(range(len(records))))
        self.broker.restart("clean")
        for partition in range(len(self.about["codecs"])):
            read = shown(self.read("codecs", len(records), partition))
            assert read == [[partition, *rest] for _, *rest in expected]
        return answers

    def limit(self):
        """A record over the topic's limit is refused, and the next one is not."""
        self.create("limited", max_message_bytes=10000)
        code = self.refusal("produce", topic="limited", records=[{"value": "x" * 20000}])
        assert code == 10, "MESSAGE_TOO_LARGE"
        told = self.ask("produce", topic="limited", records=[{"value": "small"}])
        self.assert_told(told, [0])
        return code

    def seeks(self):
        """Reads from an offset and from a timestamp."""
        start = now_ms() - 100_000
        self.create("seeks")
        self.ask("produce", topic="seeks", records=[
            {"value": str(i), "timestamp": start + i * 1000} for i in range(10)])
        assert [r["value"] for r in self.read("seeks", 7, offset=3)] == list("3456789")
        later = self.read("seeks", 5, timestamp=start + 4500)
        assert [(r["value"], r["timestamp"]) for r in later] == [
            (str(i), start + i * 1000) for i in range(5, 10)]
        found = [self.ask("offset_at", topic="seeks", partition=0, timestamp=start + ms)
                 for ms in (-1, 0, 4001, 9000, 9001)]
        assert found[:4] == [0, 0, 5, 9]
        return found

    def fill(self, topic, name):
        """Some records into each partition; returns their values."""
        values = {f"{name} {p} {i}" for p in range(PARTITIONS) for i in range(PER_PARTITION)}
        for p in range(PARTITIONS):
            self.ask("produce", topic=topic, partition=p, one_by_one=True,
                     records=[{"value": f"{name} {p} {i}"} for i in range(PER_PARTITION)])
        return values

    def group(self, strategy="eager", how="kill"):
        """Three members share a topic, one leaves, the broker restarts, a newcomer resumes."""
        topic = self.create(f"group-{strategy}", PARTITIONS)
        team = Group(self, topic, f"team-{strategy}", strategy=strategy)
        for name in ("one", "two", "three"):
            team.join(name)
        team.settle()
        first = self.fill(topic, "first")
        team.gather(first)
        assert len(team.received) == len(first), "some records came twice without a reason"
        team.leave("three")
        team.settle()
        team.commit(PER_PARTITION)
        assert team.committed() == [PER_PARTITION] * PARTITIONS
        self.broker.restart(how)
        second = self.fill(topic, "second")
        team.gather(second)
        for name in ("one", "two"):
            team.leave(name)
        heir = Group(self, topic, f"team-{strategy}", strategy=strategy)
        heir.join("heir")
        heir.gather(second)
        assert heir.values() == second, "the group resumes where it committed"
        assert heir.committed() == [PER_PARTITION] * PARTITIONS
        heir.leave("heir")
        return shown(sorted(heir.received, key=lambda r: (r["partition"], r["offset"])))

    def static(self):
        """A static member that goes and comes back finds its partitions, and nobody else moves."""
        if not self.about["static"]:
            return None
        topic = self.create("static", PARTITIONS)
        team = Group(self, topic, "fixed")
        for name in ("one", "two"):
            team.join(name, instance=name)
        team.settle()
        before = dict(team.held)
        team.leave("one")
        team.join("one", instance="one")
        team.settle()
        assert team.held == before
        held = sorted(len(partitions) for partitions in team.held.values())
        for name in ("one", "two"):
            team.leave(name)
        return held

    def crash(self):
        """kill -9 in the middle of a stream that waits for each answer: each record once, in order."""
        topic = self.create("stream")
        values = [str(i) for i in range(150)]
        self.program.send("produce", topic=topic, one_by_one=True,
                          records=[{"value": value} for value in values])
        observer = Python(self.broker)
        wait_until(lambda: observer.watermarks(topic)[1] >= 30, PATIENCE_SECONDS, "30 records")
        self.broker.restart("kill")
        told = self.program.receive()
        assert told == sorted(told) and len(set(told)) == len(values)
        end = observer.watermarks(topic)[1]
        read = self.read(topic, end)
        if self.about["idempotent"]:
            assert [r["value"] for r in read] == values
        else:
            assert sorted({r["value"] for r in read}, key=int) == values

    def run(self, *steps):
        return {step: getattr(self, step)() for step in steps}

    def cooperative(self):
        return self.group("cooperative", "clean") if self.has("cooperative") else None

    def has(self, strategy):
        return strategy in self.about["strategies"]


class Scheduling(Steps):
    def schedule(self, topic, partition, codec, delay_ms):
        """A batch that mixes immediate and scheduled records and ends with a scheduled one, and a batch of one
        scheduled record. Returns the instants before which nobody may have them."""
        due = {name: now_ms() + delay_ms for name in ("delayed", "at")}
        told = self.ask("produce", topic=topic, partition=partition, codec=codec, records=[
            {"value": "now 0"},
            {"key": "k", "value": "delayed", "headers":
                {"schedule-delay": str(delay_ms), "mine": "kept"}},
            {"value": "now 1", "headers": {"mine": "also kept"}},
            {"value": "at", "headers": {"schedule-at": str(due["at"])}}])
        self.assert_told(told, [0, 1, 2, 3])
        due["alone"] = now_ms() + delay_ms
        told = self.ask("produce", topic=topic, partition=partition, codec=codec, records=[
            {"value": "alone", "headers": {"schedule-at": str(due["alone"])}}])
        self.assert_told(told, [-1])
        return due

    def story(self, delay_ms=3000):
        codecs = self.about["codecs"]
        partitions = range(len(codecs))
        topic = self.create("later", len(codecs))
        team = Group(self, topic, "waiting", len(codecs))
        team.join("waiting")
        team.settle()
        due = [self.schedule(topic, p, codecs[p], delay_ms) for p in partitions]
        team.gather({(p, value) for p in partitions for value in ("now 0", "now 1")}, team.places)
        self.broker.restart("kill")
        team.gather({(p, value) for p in partitions for value in due[p]}, team.places)
        team.leave("waiting")
        for record in team.received:
            earliest = due[record["partition"]].get(record["value"], 0)
            assert record["at"] >= earliest, f"{earliest - record['at']} ms early: {record}"
        # Due after all the others: what stands before it is everything.
        last = str(now_ms() + 500)
        for partition in partitions:
            self.ask("produce", topic=topic, partition=partition, one_by_one=True, records=[
                {"value": "last", "headers": {"schedule-at": last}}])
        for partition in partitions:
            self.check_partition(topic, partition, due[partition])

    def check_partition(self, topic, partition, due):
        found = self.read(topic, 6, partition)
        by_value = {r["value"]: r for r in found}
        assert [r["value"] for r in found[:2]] == ["now 0", "now 1"]
        assert [r["offset"] for r in found[:2]] == [0, 2]
        assert {r["value"] for r in found[2:5]} == {"delayed", "at", "alone"}
        assert found[5]["value"] == "last"
        assert by_value["now 1"]["headers"] == {"mine": "also kept"}
        assert by_value["delayed"]["key"] == "k"
        assert by_value["delayed"]["headers"]["mine"] == "kept"
        for value, earliest in due.items():
            headers = by_value[value]["headers"]
            assert not [name for name in headers if name.startswith("schedule-")]
            assert headers["__schedule.occurrence"] == "1"
            assert headers["__schedule.due"] <= headers["__schedule.fired"]
            assert by_value[value]["timestamp"] >= earliest

    def refused(self):
        """A header that nobody understands is refused; the batch leaves nothing behind."""
        topic = self.create("refused")
        code = self.refusal("produce", topic=topic, records=[
            {"value": "bad", "headers": {"schedule-dealy": "1s"}}])
        assert code == (-1 if self.program.name == "aiokafka" else 87), (
            "INVALID_RECORD, which aiokafka has no name for")
        self.ask("produce", topic=topic, records=[{"value": "good"}])
        assert [(r["offset"], r["value"]) for r in self.read(topic, 1)] == [(0, "good")]
