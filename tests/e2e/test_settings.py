"""Settings from a file, the environment and flags: which one wins, and one report of all faults."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.orloj_only

FAULTY = """\
no.such.setting: 1
num.partitions: many
num.partitions: 3
max.connections: 0
log:
  retention.ms: -7
  level: loud
durability: rubbish
admin.address: nowhere
listeners: [PLAINTEXT://127.0.0.1:0, PLAINTEXT://127.0.0.1:0]
log.dirs: a,b
"""
FAULTS = [
    ':1: unknown setting "no.such.setting"',
    ':2: num.partitions: "many" is not a whole number',
    ':3: "num.partitions" is set twice',
    ":4: max.connections: 0 is out of bounds",
    ":6: log.retention.ms: retention.ms=-7: must be from -1",
    ':7: log.level: "loud" is none of',
    ":8: durability: durability=rubbish: must be one of",
    ':9: admin.address: "nowhere" is not host:port',
    ':10: listeners: listener "PLAINTEXT" stands twice',
    ":11: log.dirs: one directory only",
]


@pytest.fixture
def orloj(pytestconfig, tmp_path):
    """Runs the binary in an empty folder; `environment` is added to the test's own."""
    def run(*arguments, environment=None):
        return subprocess.run([pytestconfig.getoption("--binary"), *arguments], cwd=tmp_path,
                              env={**os.environ, **(environment or {})}, capture_output=True,
                              text=True, timeout=60, check=False)
    return run


@pytest.mark.parametrize("command", [("serve",), ("config", "check")], ids=" ".join)
def test_all_faults_of_a_file_are_reported_at_once_with_their_lines(orloj, tmp_path, command):
    (tmp_path / "orloj.yaml").write_text(FAULTY, encoding="utf-8")
    done = orloj(*command, "--config", "orloj.yaml", "--set", "log.segment.bytes=1",
                 environment={"ORLOJ_NODE_ID": "-1"})
    assert done.returncode == 1
    expected = ["orloj.yaml" + fault for fault in FAULTS] + [
        "environment ORLOJ_NODE_ID: node.id: ", "--set log.segment.bytes: log.segment.bytes: "]
    assert [fault for fault in expected if fault not in done.stderr] == [], done.stderr
    assert len(done.stderr.splitlines()) == 1 + len(expected), done.stderr
    assert sorted(os.listdir(tmp_path)) == ["orloj.yaml"]


def test_flags_win_over_the_environment_and_that_over_the_file(orloj, tmp_path):
    (tmp_path / "orloj.yaml").write_text(
        "num.partitions: 2\nmax.topics: 20\nlog.retention.ms: 200\ndurability: async\n",
        encoding="utf-8")
    done = orloj("config", "print", "--config", "orloj.yaml", "--data-dir", "d",
                 "--set", "num.partitions=4",
                 environment={"ORLOJ_NUM_PARTITIONS": "3", "ORLOJ_MAX_TOPICS": "30"})
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert "num.partitions=4  # --set num.partitions" in shown
    assert "max.topics=30  # environment ORLOJ_MAX_TOPICS" in shown
    assert "log.retention.ms=200  # orloj.yaml:3" in shown
    assert "durability=async  # orloj.yaml:4" in shown
    assert "log.dirs=d  # --data-dir" in shown
    assert "max.connections=10000  # default" in shown


def test_config_check_tells_by_its_exit_code(orloj):
    assert orloj("config", "check", "--data-dir", "d").returncode == 0
    assert orloj("config", "check").returncode == 1
    assert orloj("config", "check", "--data-dir", "d", "--config", "absent.yaml").returncode == 1
    assert orloj("config", "check", "--no-such-flag").returncode not in (0, 1)
