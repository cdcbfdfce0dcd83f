"""The demo of the project with its inference workers in Python: a pipeline in both languages, each actor in a process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

PROJECT = Path(__file__).parents[3]

# The same features as when all is tested, so that nothing is built again.
BUILD = ["cargo", "build", "--quiet", "--workspace", "--all-features", "--bin", "roscius-demo", "--message-format=json"]


# The first test builds the program.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def demo() -> str:
    """The program."""
    built = subprocess.run(BUILD, cwd=PROJECT, check=True, capture_output=True, text=True)
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    [program] = [message["executable"] for message in messages if message.get("executable")]
    return str(program)


def start(demo: str, folder: Path, *arguments: str, python: str = sys.executable) -> subprocess.Popen[str]:
    """Starts it over the texts in a folder."""
    sockets = folder / "run"
    sockets.mkdir(mode=0o700, exist_ok=True)
    command = [demo, "--input", "texts.txt", "--base", "processes", f"--python={python}", *arguments]
    environment = dict(os.environ, XDG_RUNTIME_DIR=str(sockets))
    pipe = subprocess.PIPE
    # Who starts the tests in the background may have interruptions ignored, and so would the program.
    heeding = ["env", "--default-signal=INT"]
    return subprocess.Popen([*heeding, *command], cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(demo: str, folder: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end."""
    with start(demo, folder, *arguments, **options) as program:
        told, complained = program.communicate()
    return subprocess.CompletedProcess(program.args, program.returncode, told, complained)


def processes(folder: Path) -> list[int]:
    """All processes that belong to a run in a folder."""
    mark = f"XDG_RUNTIME_DIR={folder / 'run'}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def stored(folder: Path) -> list[tuple[int, str, float]]:
    """What is in the database."""
    with sqlite3.connect(folder / "texts.sqlite") as database:
        return database.execute("SELECT id, text, score FROM texts ORDER BY id").fetchall()


def test_workers_in_python_do_the_work_of_those_in_rust(demo: str, tmp_path: Path) -> None:
    """One of them is killed midway. The scores are those of vaderSentiment, and the report compares them with Rust's."""
    texts = [f"text number {number} is good, but I hate it" for number in range(500)]
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    ran = run(demo, tmp_path, "--workers", "2")
    assert ran.returncode == 0, ran.stderr
    assert "an inference worker was killed with 64 texts in hand: its process is gone" in ran.stderr
    for part in (
        "in hand of the killed worker     64",
        "given to another worker          64",
        "stored twice                      0",
        "inference workers restarted: 1",
        "the workers were Python actors",
        "500 of 500 the same (100.0 %)",
        "0 differ by more than rounding",
    ):
        assert part in ran.stdout, ran.stdout
    analyser = SentimentIntensityAnalyzer()
    expected = [(number, text, analyser.polarity_scores(text)["compound"]) for number, text in enumerate(texts, 1)]
    assert stored(tmp_path) == expected


def test_who_interrupts_it_leaves_no_process(demo: str, tmp_path: Path) -> None:
    """Neither the processes in Rust nor those in Python, of which the program has not started all itself."""
    (tmp_path / "texts.txt").write_text("text that is good\n" * 30_000)
    with start(demo, tmp_path, "--workers", "2", "--no-kill") as program:
        assert program.stderr is not None
        assert "texts stored" in program.stderr.readline()
        # The program, the Admin, two starters, four actors in Rust and two in Python.
        assert len(processes(tmp_path)) >= 10
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == -signal.SIGINT
    until = time.monotonic() + 30
    while left := processes(tmp_path):
        assert time.monotonic() < until, left
        time.sleep(0.01)


@pytest.mark.parametrize("python", ["nowhere/python", "/bin/false"])
def test_no_python_to_use(demo: str, python: str, tmp_path: Path) -> None:
    """The error says what is wrong and what to do, and nothing is left running."""
    (tmp_path / "texts.txt").write_text("good\nbad\n")
    ran = run(demo, tmp_path, python=python)
    assert ran.returncode == 2, ran.stderr
    assert f"the Python actors cannot be started with {python}: " in ran.stderr
    assert "what to do: run `make demo" in ran.stderr
    [folder] = (tmp_path / "run").iterdir()
    assert not list(folder.iterdir())


def test_python_without_processes(demo: str, tmp_path: Path) -> None:
    """There is no such thing."""
    (tmp_path / "texts.txt").write_text("good\n")
    ran = subprocess.run(
        [demo, "--python", "--input", "texts.txt"], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 2 and "--python needs --base processes" in ran.stderr
