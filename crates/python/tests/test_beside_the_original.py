"""Roscius and the original Thespian in one environment: both own a package of the same name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import roscius
import thespian

ORIGINAL = "thespian==4.0.1"
PROGRAM = """
from thespian.actors import Actor, ActorSystem

class Upper(Actor):
    def receiveMessage(self, msg, sender):
        if isinstance(msg, str):
            self.send(sender, msg.upper())

system = ActorSystem("simpleSystemBase")
print(system.ask(system.createActor(Upper), "hello", 5))
system.shutdown()
"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The packages of the original, from its source distribution."""
    where = tmp_path_factory.mktemp("original")
    install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([sys.executable, "-m", "pip", *install, "--target", where, ORIGINAL], check=True)
    return where / "thespian"


def lay(packages: list[Path], where: Path) -> None:
    for package in packages:
        shutil.copytree(package, where / package.name, dirs_exist_ok=True)


def run(where: Path, program: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(where)}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)


OURS = [Path(module.__file__).parent for module in (roscius, thespian)]


def test_roscius_over_the_original_works_and_says_that_both_are_there(original, tmp_path):
    lay([original, *OURS], tmp_path)
    ran = run(tmp_path, PROGRAM)
    assert (ran.returncode, ran.stdout) == (0, "HELLO\n")
    assert "pip uninstall thespian roscius" in ran.stderr


def test_the_original_over_roscius_is_a_clear_error(original, tmp_path):
    lay([*OURS, original], tmp_path)
    ran = run(tmp_path, "import roscius")
    assert ran.returncode == 1
    assert "ImportError: the package `thespian` in this environment is the original's" in ran.stderr
    assert "pip uninstall thespian roscius" in ran.stderr


def test_roscius_alone_says_nothing(tmp_path):
    lay(OURS, tmp_path)
    ran = run(tmp_path, PROGRAM)
    assert (ran.stdout, ran.stderr) == ("HELLO\n", "")
