"""The two brokers of the comparison, started the way the comparison needs it."""

import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "tests", "e2e"))

import broker as brokers
import clients
from polling import wait_until

# What Kafka's own start script gives the JVM, with the heap that it has by default from the start.
JAVA = ["java", "-server", "-Xmx1G", "-Xms1G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
        "-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent",
        "-Djava.awt.headless=true"]
TRIES = 3


def resident_mb(process):
    with open(f"/proc/{process}/status", encoding="utf-8") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) * 1024 / 1e6


class Contender:
    """Adds to a broker of the end-to-end tests: one core, topics, the instant of its start."""

    core = None  # the broker may run on this one only; None: anywhere
    spawned_ns = 0

    def pinned(self, command):
        return command if self.core is None else ["taskset", "-c", str(self.core), *command]

    def spawn(self):
        self.prepare()
        self.spawned_ns = time.monotonic_ns()
        super().spawn()

    def prepare(self):
        pass

    def create_topics(self, topics):
        """`topics`: name -> configs that this broker knows."""
        client = clients.Python(self)
        for name, config in topics.items():
            client.create_topic(name, **{key: value for key, value in config.items()
                                         if self.knows(key)})
        client.close()


class Orloj(Contender, brokers.Orloj):
    name = "orloj"

    def command(self):
        return self.pinned(super().command())

    def knows(self, _config):
        return True

    @staticmethod
    def version(binary):
        done = subprocess.run([binary, "version"], capture_output=True, text=True, check=True)
        return done.stdout.strip()


class Kafka(Contender, brokers.Kafka):
    name = "kafka"

    def command(self):
        return self.pinned(super().command())

    def java(self, main_class, *arguments):
        return [*JAVA, "-cp", brokers.KAFKA_LIBS, main_class, *arguments]

    def prepare(self):
        if not os.path.exists(self.properties):
            self.format()

    def knows(self, config):
        return config != "durability"

    @staticmethod
    def version():
        for name in os.listdir(os.path.dirname(brokers.KAFKA_LIBS)):
            match = re.fullmatch(r"kafka_2\.13-(.*)\.jar", name)
            if match:
                return match.group(1)
        return "unknown"

    @staticmethod
    def java_version():
        done = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
        return done.stderr.splitlines()[0].strip()


def start(make, folder, core=None):
    """A running broker in a fresh folder. A port may be taken between choice and use: tries again."""
    for attempt in range(TRIES):
        place = os.path.join(folder, f"try-{attempt}")
        os.makedirs(place)
        made = make(place)
        made.core = core
        try:
            return made.start()
        except AssertionError:
            if made.running:
                made.kill()
            if attempt == TRIES - 1:
                raise
    raise AssertionError("not reached")


def wait_idle(seconds):
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 5, "some idle seconds")
