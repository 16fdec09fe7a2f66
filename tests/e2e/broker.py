"""Starts, stops and kills the broker under test, or Kafka itself as the reference."""

import os
import random
import signal
import socket
import subprocess
import urllib.error
import urllib.request
import uuid

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from polling import wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KAFKA_LIBS = os.path.join(ROOT, ".cache", "kafka", "libs", "*")
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx512m"]
READY_SECONDS = 60
STOP_SECONDS = 30
# Groups of the tests have all their members at once.
DEFAULTS = {"group.initial.rebalance.delay.ms": "300"}
# Below the range that the kernel hands out for outgoing connections.
PORTS = range(15000, 32000)


def free_port():
    for port in random.sample(PORTS, 200):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")


class Process:
    """A broker process with a data directory; subclasses say how to start it and when it is ready."""

    def __init__(self, folder, settings=None):
        self.folder = str(folder)
        self.settings = {**DEFAULTS, **(settings or {})}
        self.port = free_port()
        self.admin_port = free_port()
        self.log_path = os.path.join(self.folder, "broker.log")
        self.data_folder = os.path.join(self.folder, "data")
        self.process = None
        self.environment = {}

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment})

    def start(self):
        self.spawn()
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready_or_dead():
            if self.process.poll() is not None:
                raise AssertionError(
                    f"the broker exited with {self.process.returncode}:\n{self.log[-4000:]}")
            return self.is_ready()
        wait_until(ready_or_dead, READY_SECONDS, "the broker is ready")

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; the broker drains and exits 0."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        assert code == self.clean_exit_code, f"exit code {code} after SIGTERM:\n{self.log[-4000:]}"

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def restart(self, how):
        """`how`: clean (SIGTERM) or kill (SIGKILL)."""
        if how == "clean":
            self.stop()
        else:
            self.kill()
        self.start()

    clean_exit_code = 0


class Orloj(Process):
    def __init__(self, binary, folder, settings=None):
        super().__init__(folder, settings)
        self.binary = binary

    def command(self):
        settings = {
            "listeners": f"PLAINTEXT://{self.address}",
            "admin.address": f"127.0.0.1:{self.admin_port}",
            **self.settings,
        }
        command = [self.binary, "serve", "--data-dir", self.data_folder]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        return command

    def http(self, path, method="GET"):
        """(status, body) of a request on the admin port."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self):
        try:
            return self.http("/readyz")[0] == 200
        except OSError:
            return False


class Kafka(Process):
    """Kafka 4.3.1 as one KRaft node: shows that a test asks for what Kafka does."""

    clean_exit_code = 143

    def __init__(self, folder, settings=None):
        super().__init__(folder, settings)
        self.controller_port = free_port()
        self.properties = os.path.join(self.folder, "server.properties")

    def java(self, main_class, *arguments):
        return [*JAVA, "-cp", KAFKA_LIBS, main_class, *arguments]

    def command(self):
        return self.java("kafka.Kafka", self.properties)

    def spawn(self):
        if not os.path.exists(self.properties):
            self.format()
        super().spawn()

    def format(self):
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.address},"
                         f"CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.data_folder,
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            **{k: v for k, v in self.settings.items() if not k.startswith("schedule.")},
        }
        with open(self.properties, "w", encoding="utf-8") as f:
            f.writelines(f"{name}={value}\n" for name, value in settings.items())
        subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", str(uuid.uuid4()), "-c",
                      self.properties),
            check=True, capture_output=True, timeout=60)

    def is_ready(self):
        try:
            AdminClient({"bootstrap.servers": self.address, "log_level": 0}).list_topics(timeout=1)
            return True
        except KafkaException:
            return False
