"""Starts the client programs of programs/ and talks to them; programs/README.md has the protocol."""

import json
import os
import queue
import subprocess
import sys
import threading

from broker import JAVA, KAFKA_LIBS, ROOT

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
NODE_MODULES = os.path.join(ROOT, ".cache", "node", "node_modules")
ANSWER_SECONDS = 150


def python(name):
    return [sys.executable, "-B", os.path.join(FOLDER, f"{name}.py")]


def node(name):
    return ["node", os.path.join(FOLDER, "node", f"{name}.js")]


def java():
    return [*JAVA, "-cp", KAFKA_LIBS, os.path.join(FOLDER, "java", "KafkaClients.java")]


# What the client needs beyond what `make test` installs makes it a client of `make test-full`.
COMMANDS = {
    "java": java,
    "kafka-python": lambda: python("kafka_python_program"),
    "aiokafka": lambda: python("aiokafka_program"),
    "kafkajs": lambda: node("kafkajs_program"),
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
                [*COMMANDS[name](), broker.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True,
                env={**os.environ, "NODE_PATH": NODE_MODULES})
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
