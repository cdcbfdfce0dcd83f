"""A system of processes, and a program in Rust."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from workspace import WORKSPACE

sys.path.append(str(Path(__file__).parents[1] / "processes"))

from scenes import scene  # noqa: F401

BUILD = "cargo build --quiet --workspace --all-features --message-format json-render-diagnostics"


@pytest.fixture(scope="session")
def examples():
    """The example programs of `crates/host`, and the command `roscius`, by name. The same build as that of the tests in Rust, so there is little to do."""
    names = ("across_languages", "languages", "enemy")
    command = [*BUILD.split(), *(part for name in names for part in ("--example", name)), "--bin", "roscius"]
    built = subprocess.run(command, cwd=WORKSPACE, stdout=subprocess.PIPE, check=True).stdout
    artifacts = (json.loads(line) for line in built.splitlines())
    executables = (artifact.get("executable") for artifact in artifacts)
    return {Path(path).name: path for path in executables if path}


@pytest.fixture
def program(examples):
    """The program with the actors of these tests."""
    return examples["across_languages"]


@pytest.fixture
def asys(scene):  # noqa: F811
    return scene.start("multiprocTCPBase")


@pytest.fixture
def rust(asys, program):
    """A system that the program was announced to."""
    import roscius

    roscius.announce(asys, program)
    return asys


@pytest.fixture
def begin(scene, program):  # noqa: F811
    """Start the program: what it prints can be read. It is told to end: processes forked from here keep its input open."""
    begun = []

    def start(*arguments):
        process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        return process

    yield start
    for process in begun:
        with contextlib.suppress(BrokenPipeError):  # It has ended by itself.
            process.stdin.write("end\n")
            process.stdin.close()
        process.wait(20)
        process.stdout.close()
