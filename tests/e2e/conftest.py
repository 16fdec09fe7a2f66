"""Options and fixtures: a fresh broker for each test, its log shown when the test fails."""

import os
import random

import pytest

import broker as brokers
import clients


def pytest_addoption(parser):
    parser.addoption("--broker", choices=["orloj", "kafka"], default="orloj")
    parser.addoption("--binary", default=os.path.join(brokers.ROOT, "build", "release", "orloj"))
    parser.addoption("--librdkafka-client", default="")
    parser.addoption("--load-generator", default="")
    parser.addoption("--client", default="", help="one client library of programs.py")
    parser.addoption("--seed", type=int, default=None, help="repeat a random test")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: a long test, part of make test-full")
    config.addinivalue_line("markers", "orloj_only: asks for what Kafka does not have")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--broker") == "kafka":
        kept = [item for item in items if not item.get_closest_marker("orloj_only")]
        items[:] = kept


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True
        for started in getattr(item, "started_brokers", []):
            report.sections.append((f"log of the broker on {started.address}",
                                    started.log[-8000:] if os.path.exists(started.log_path) else ""))


@pytest.fixture
def make_broker(request, tmp_path):
    """Starts a broker: make_broker(setting=value...) with dots written as in the settings table."""
    request.node.started_brokers = []

    def make(settings=None, start=True, binary=None):
        folder = tmp_path / f"broker-{len(request.node.started_brokers)}"
        folder.mkdir()
        if request.config.getoption("--broker") == "kafka":
            made = brokers.Kafka(folder, settings)
        else:
            made = brokers.Orloj(binary or request.config.getoption("--binary"), folder, settings)
        request.node.started_brokers.append(made)
        return made.start() if start else made

    yield make
    for started in request.node.started_brokers:
        if started.running:
            started.kill()


@pytest.fixture
def broker(make_broker):
    return make_broker()


@pytest.fixture
def client(broker):
    """Short names for what tests do with a broker through confluent-kafka."""
    made = clients.Python(broker)
    yield made
    made.close()


@pytest.fixture(params=["clean", "kill"])
def how(request):
    """How a broker goes down between two steps of a test."""
    return request.param


@pytest.fixture
def seeded(request):
    """A random generator whose seed is printed, and set with --seed."""
    seed = request.config.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().randrange(2**32)
    print(f"seed: {seed} (repeat with --seed {seed})")
    return random.Random(seed)
