"""The process itself: start, stop, a second start, health and metrics."""

import signal
import socket
import subprocess

import pytest

from broker import READY_SECONDS, STOP_SECONDS
import wire
from clients import Python, kcat, run
from polling import wait_until

pytestmark = pytest.mark.orloj_only


def test_sigterm_exits_with_0_also_while_clients_are_connected(broker, client):
    client.create_topic("open")
    consumer = client.consumer()
    consumer.subscribe(["open"])
    consumer.poll(1)
    broker.stop()


def test_while_it_stops_it_says_so(make_broker):
    broker = make_broker({"shutdown.drain.ms": 60_000})
    client = Python(broker)
    client.create_topic("large")
    client.produce("large", [bytes(500_000)] * 60)
    with wire.Connection(broker.port, receive_buffer=4096) as reader:
        reader.send(wire.request("Fetch", 11, {
            "replica_id": -1, "max_wait_ms": 60_000, "min_bytes": 1, "session_epoch": -1,
            "max_bytes": 1 << 30, "topics": [{"topic": "large", "partitions": [
                {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 30}]}]}))
        # More than the sockets can hold: the answer has begun and does not end while nobody reads.
        reader.receive(1)
        broker.process.send_signal(signal.SIGTERM)
        wait_until(lambda: broker.http("/readyz")[0] == 503, STOP_SECONDS, "it is not ready")
        assert broker.http("/readyz")[1].startswith("stopping")
        assert broker.http("/metrics")[0] == 503
    assert broker.process.wait(STOP_SECONDS) == 0


def test_sigint_exits_with_0(broker):
    broker.process.send_signal(signal.SIGINT)
    assert broker.process.wait(STOP_SECONDS) == 0


def test_a_second_start_on_the_same_directory_is_refused(broker, make_broker):
    second = make_broker(start=False)
    second.data_folder = broker.data_folder
    second.spawn()
    assert second.process.wait(STOP_SECONDS) not in (0, -signal.SIGKILL)
    assert broker.data_folder in second.log
    assert "lock" in second.log.lower() or "in use" in second.log.lower()
    assert "metadata" not in kcat(broker, "-L").stderr


def test_a_taken_port_is_named(broker, make_broker):
    second = make_broker({"listeners": f"PLAINTEXT://{broker.address}"}, start=False)
    second.spawn()
    assert second.process.wait(STOP_SECONDS) != 0
    assert str(broker.port) in second.log


def test_every_wrong_setting_is_reported_at_once(make_broker):
    wrong = make_broker({"num.partitions": "many", "no.such.setting": "1"}, start=False)
    wrong.spawn()
    assert wrong.process.wait(STOP_SECONDS) != 0
    assert "num.partitions" in wrong.log and "no.such.setting" in wrong.log


def test_the_version_is_printed(pytestconfig):
    assert "0." in run([pytestconfig.getoption("--binary"), "version"]).stdout


def test_health_and_metrics_are_served(broker, client):
    client.create_topic("measured")
    client.produce("measured", [b"x"])
    assert broker.http("/healthz")[0] == 200
    assert broker.http("/readyz")[0] == 200
    status, text = broker.http("/metrics")
    assert status == 200 and "# TYPE orloj_" in text
    assert broker.http("/no-such-page")[0] == 404


def test_letting_firing_go_on_is_a_post(broker):
    path = "/v1/schedules/resume-after-clock-step"
    assert broker.http(path, "POST") == (200, "firing was not paused\n")
    assert broker.http(path)[0] == 405
    assert broker.http("/metrics", "POST")[0] == 405


def test_a_full_disk_makes_the_broker_unready_but_not_unhealthy(make_broker):
    full = make_broker({"log.disk.low.water.bytes": str(2**62)}, start=False)
    full.spawn()
    wait_until(lambda: "ready: clients connect" in full.log, READY_SECONDS, "the broker serves")
    status, text = full.http("/readyz")
    assert status == 503 and text.startswith("disk space low: ")
    assert full.http("/healthz")[0] == 200


def test_bytes_that_are_no_request_cost_only_their_connection(broker, client, seeded):
    client.create_topic("calm")
    for _ in range(50):
        with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as s:
            s.sendall(seeded.randbytes(seeded.randrange(1, 200)))
    with socket.create_connection(("127.0.0.1", broker.port), timeout=10) as s:
        s.sendall(b"\x7f\xff\xff\xff")
        assert s.recv(1) == b""
    assert client.produce("calm", [b"fine"])[0].error is None


def test_a_start_after_a_kill_needs_no_help(broker, client, how):
    for name in ("first", "second", "third"):
        client.create_topic(name)
        client.produce(name, [b"x"], acks="all")
        broker.restart(how)
    assert {"first", "second", "third"} <= set(client.admin.list_topics(timeout=20).topics)


def test_the_default_address_is_loopback(tmp_path, pytestconfig):
    """Without a listener setting nothing but loopback is listened on."""
    done = subprocess.run(
        [pytestconfig.getoption("--binary"), "config", "print", "--data-dir", str(tmp_path)],
        capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    assert "127.0.0.1:9092" in done.stdout


def test_readiness_comes_after_the_listener_is_open(make_broker):
    started = make_broker(start=False)
    started.spawn()
    wait_until(started.is_ready, 30, "ready")
    socket.create_connection(("127.0.0.1", started.port), timeout=5).close()
