"""Runs the examples of the README and of docs/ against a broker.

A fenced block marked `sh test` (or with another language of `command`) is executed; blocks of one page run in
order, in one folder. Pages with Go belong to the long tests, because Debian 12's Go is too old for its clients. A block marked `text` right behind one is what it must print: each of its lines, in this order,
`...` standing for anything. `localhost:9092` becomes the address of the broker under test.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from broker import JAVA, KAFKA_LIBS, ROOT
from clients import TOOLS, java_command, run
from polling import wait_until
from programs import CACHE, CLIENTS, FOLDER

pytestmark = pytest.mark.orloj_only

FENCE = re.compile(r"^```(\w+)(?: (test))?\s*\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)


def pages():
    found = [Path(ROOT, "README.md"), *sorted(Path(ROOT, "docs").rglob("*.md"))]
    return [page for page in found if page.exists() and examples(page)]


def examples(page):
    """(language, code, expected text or None) of each block marked as a test."""
    text = page.read_text(encoding="utf-8")
    found = []
    blocks = list(FENCE.finditer(text))
    for index, block in enumerate(blocks):
        language, marked, code = block.groups()
        if not marked:
            continue
        expected = None
        if index + 1 < len(blocks) and blocks[index + 1].group(1) == "text":
            between = text[block.end():blocks[index + 1].start()]
            if not between.strip():
                expected = blocks[index + 1].group(3)
        found.append((language, code, expected))
    return found


@pytest.fixture
def tools_folder(tmp_path):
    """Kafka's tools under the names that a Kafka installation gives them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        script = folder / f"{tool}.sh"
        command = " ".join(f"'{word}'" for word in java_command(tool))
        script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


def assert_printed(output, expected):
    position = 0
    for line in expected.splitlines():
        pattern = ".*".join(re.escape(piece) for piece in line.strip().split("..."))
        match = re.compile(pattern).search(output, position)
        assert match, f"not printed (in this order): {line}\n--- printed:\n{output}"
        position = match.end()


def written(folder, name, code):
    path = folder / name
    path.write_text(code, encoding="utf-8")
    return str(path)


def go_command(folder, code):
    for name in ("go.mod", "go.sum"):
        shutil.copy(os.path.join(FOLDER, "go", name), folder)
    return ["env", f"GOMODCACHE={CACHE}/go/modules", "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", "go",
            "run", written(folder, "main.go", code)]


def command(language, code, folder):
    """What runs an example of a language."""
    if language == "sh":
        return ["bash", "-euo", "pipefail", "-c", code]
    if language == "python":
        return [sys.executable, "-c", code]
    if language == "java":
        return [*JAVA, "-cp", KAFKA_LIBS, written(folder, "Example.java", code)]
    if language == "javascript":
        return ["env", f"NODE_PATH={CACHE}/node/node_modules", "node",
                written(folder, "example.js", code)]
    if language == "cpp":
        run(["g++", "-std=c++20", "-o", str(folder / "example"),
             written(folder, "example.cc", code), "-lrdkafka++"])
        return [str(folder / "example")]
    assert language == "go", f"nothing runs {language}"
    return go_command(folder, code)


def page_parameter(page):
    languages = {language for language, _, _ in examples(page)}
    marks = [pytest.mark.full] if "go" in languages else []
    return pytest.param(page, id=os.path.relpath(page, ROOT), marks=marks)


@pytest.mark.parametrize("page", [page_parameter(page) for page in pages()])
def test_examples_do_what_they_say(page, broker, tools_folder, tmp_path, monkeypatch):
    missing = CLIENTS["franz-go"].missing
    if page.name == "go.md" and missing:
        pytest.skip(f"the examples in Go cannot run here: {missing} is missing")
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    binary_folder = os.path.dirname(broker.binary)
    python_folder = os.path.dirname(sys.executable)
    monkeypatch.setenv(
        "PATH", f"{tools_folder}:{binary_folder}:{python_folder}:{os.environ['PATH']}")
    for language, code, expected in examples(page):
        code = code.replace("localhost:9092", broker.address)
        code = code.replace("localhost:9644", f"127.0.0.1:{broker.admin_port}")
        done = run(command(language, code, work), timeout=90)
        if expected is not None:
            assert_printed(done.stdout, expected)


def test_what_make_run_says_works(broker, tmp_path):
    """Both lines that `make run` prints, as they are copied and pasted."""
    said = run([os.path.join(ROOT, "tests", "support", "say_hello.sh")]).stdout
    send, read = [line.strip().replace("localhost:9092", broker.address)
                  for line in said.splitlines() if "kcat" in line]
    output = tmp_path / "read"
    started = time.monotonic()
    run(["bash", "-euo", "pipefail", "-c", send])
    with open(output, "wb") as file:
        reader = subprocess.Popen(["bash", "-c", f"exec {read}"], stdout=file,
                                  stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: b"__schedule.due=" in output.read_bytes(), 60, "the record")
        assert time.monotonic() - started >= 10
        assert output.read_bytes().startswith(b"ten seconds later   (")
    finally:
        reader.kill()
        reader.wait()


def test_the_readme_has_examples():
    assert examples(Path(ROOT, "README.md")), "mark blocks of the README as `sh test`"
