"""The load generator of the benchmarks: every verb works and accounts for what it did."""

import json
import time

import pytest

from clients import run


@pytest.fixture
def load(request, broker, client):
    """load(verb, options…): the figures of one load on a fresh topic."""
    generator = request.config.getoption("--load-generator")
    assert generator, "--load-generator is needed"
    client.create_topic("loaded")

    def put(verb, *options):
        command = [generator, verb, "--port", str(broker.port), "--topic", "loaded",
                   "--broker-process", str(broker.process.pid), *map(str, options)]
        return json.loads(run(command).stdout)
    return put


def test_closed_loop_produces_what_it_counts_and_fetch_reads_it(client, load):
    figures = load("produce", "--requests", 200, "--records", 10, "--connections", 3,
                   "--in-flight", 2, "--warm-seconds", 0)
    assert figures["requests"] == 200 and figures["broker_cpu_seconds"] >= 0
    assert 0 < figures["ack_p50_us"] <= figures["ack_p99_us"] <= figures["ack_max_us"]
    assert client.watermarks("loaded")[1] >= 2000
    read = load("fetch", "--connections", 2, "--bytes", 5_000_000, "--warm-seconds", 0, "--verify")
    assert read["bytes"] >= 5_000_000


def test_open_loop_keeps_its_rate(load):
    figures = load("produce", "--rate", 200, "--records", 1, "--connections", 2, "--seconds", 1,
                   "--warm-seconds", 0.1)
    assert figures["requests"] / figures["seconds"] == pytest.approx(200, rel=0.2)


def test_end_to_end_accounts_for_every_record(client, load):
    figures = load("end-to-end", "--rate", 200, "--records", 2, "--seconds", 1,
                   "--warm-seconds", 0.1)
    assert figures["requests"] == 200 and client.watermarks("loaded")[1] == 2 * 220
    assert figures["end_to_end_p50_us"] > 0 and figures["ack_p50_us"] > 0


@pytest.mark.orloj_only
def test_firing_is_late_but_never_early(load):
    figures = load("fire", "--pending", 600, "--rate", 100, "--seconds", 1)
    assert figures["fired"] == 100 and figures["fired_early"] == 0
    assert figures["lateness_p99_us"] >= figures["lateness_p50_us"] >= 0


def test_first_ack_creates_its_topic(client, load):
    figures = load("first-ack", "--since-ns", time.monotonic_ns())
    assert figures["first_ack_ms"] > 0 and client.watermarks("loaded")[1] == 1


def test_what_the_broker_refuses_is_a_fault(request, broker):
    generator = request.config.getoption("--load-generator")
    done = run([generator, "fetch", "--port", str(broker.port), "--topic", "unknown"], check=False)
    assert done.returncode == 1 and "failed with error 3" in done.stderr
