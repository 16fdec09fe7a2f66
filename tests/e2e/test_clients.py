"""The client libraries, one program each, through one scenario: see scenario.py."""

import pytest

from broker import Kafka
from programs import CLIENTS, Program, Refused

pytest.register_assert_rewrite("scenario")
from scenario import SETTINGS, Plain, Scheduling  # so that its assertions show what they compared

KAFKA_ATTEMPTS = 3


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--client")
        metafunc.parametrize("name", [chosen] if chosen else list(CLIENTS))


@pytest.fixture
def start_program(request, tmp_path):
    programs = request.node.started_programs = []

    def start(name, broker):
        missing = CLIENTS[name].missing
        if missing:
            pytest.skip(f"{name} cannot run here: {missing} is missing")
        programs.append(Program(name, broker, tmp_path))
        return programs[-1]
    yield start
    for program in programs:
        program.close()


@pytest.fixture
def broker(make_broker):
    return make_broker(SETTINGS)


def test_plain_records_and_groups(name, broker, start_program):
    Plain(start_program(name, broker), broker).run("topics", "codecs", "limit", "seeks", "group")


@pytest.mark.orloj_only
def test_scheduled_records(name, broker, start_program):
    steps = Scheduling(start_program(name, broker), broker)
    steps.story()
    steps.refused()


@pytest.mark.full
def test_rebalances_that_move_little(name, broker, start_program):
    Plain(start_program(name, broker), broker).run("cooperative", "static")


@pytest.mark.full
def test_a_kill_in_the_middle_of_a_stream(name, broker, start_program):
    Plain(start_program(name, broker), broker).run("crash")


def answers_of_kafka(steps, name, start_program, folder):
    """The reference's answers. On a busy machine Kafka itself, seconds after its start, now and then
    moves a member that came back, or has no offsets of a group yet: it is then asked again, twice at
    most. Our own answers have one try."""
    attempt = 0
    while True:
        attempt += 1
        home = folder / f"kafka-{attempt}"
        home.mkdir()
        kafka = Kafka(home).start()
        try:
            return Plain(start_program(name, kafka), kafka).run(*steps)
        except (AssertionError, Refused):
            if attempt == KAFKA_ATTEMPTS:
                raise
        finally:
            kafka.kill()


@pytest.mark.full
@pytest.mark.orloj_only
def test_answers_are_those_of_kafka(name, broker, start_program, tmp_path):
    steps = ["topics", "codecs", "limit", "seeks", "group", "cooperative", "static"]
    ours = Plain(start_program(name, broker), broker).run(*steps)
    theirs = answers_of_kafka(steps, name, start_program, tmp_path)
    for step in steps:
        assert ours[step] == theirs[step], step
