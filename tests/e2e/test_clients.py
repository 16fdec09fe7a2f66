"""The client libraries, one program each, through one scenario: see scenario.py."""

import pytest

from programs import COMMANDS, Program
from scenario import Plain, Scheduling


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--client")
        metafunc.parametrize("name", [chosen] if chosen else list(COMMANDS))


@pytest.fixture
def start_program(request, tmp_path):
    programs = request.node.started_programs = []

    def start(name, broker):
        programs.append(Program(name, broker, tmp_path))
        return programs[-1]
    yield start
    for program in programs:
        program.close()


def test_a_client_does_with_plain_records_what_it_does_with_kafka(name, broker, start_program):
    Plain(start_program(name, broker), broker).run("topics", "codecs", "limit", "seeks", "group")


@pytest.mark.orloj_only
def test_a_client_sends_records_into_the_future(name, broker, start_program):
    steps = Scheduling(start_program(name, broker), broker)
    steps.story()
    steps.refused()
