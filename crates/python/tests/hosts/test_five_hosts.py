"""A few rounds of faults on five hosts, which are network namespaces; `make faults` plays fifty."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[3]
# The same features as when all is tested, so that nothing is built again.
BUILD = ["cargo", "build", "--quiet", "--workspace", "--all-features", "--bin", "roscius", "--message-format=json"]
# Where `ip` is, if a user has it not in the path.
ENVIRONMENT = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def roscius():
    """The command, which makes the certificates."""
    built = subprocess.run(BUILD, cwd=PROJECT, check=True, capture_output=True, text=True)
    messages = (json.loads(line) for line in built.stdout.splitlines())
    return next(message["executable"] for message in messages if message.get("executable"))


@pytest.fixture(scope="module")
def unshare():
    """What starts a program as the root of a network of its own."""
    said = "there is no `unshare`"
    for command in (["unshare", "-Urn"], ["unshare", "-n"]):
        attempt = [*command, "ip", "link", "add", "bridge", "type", "bridge"]
        try:
            done = subprocess.run(attempt, capture_output=True, text=True, env=ENVIRONMENT, check=False)
        except OSError as error:
            said = str(error)
            continue
        if done.returncode == 0:
            return command
        said = done.stderr.strip()
    pytest.skip(f"this kernel gives no networks to play with: {said}")


@pytest.mark.parametrize(("leaders", "rounds"), ((5, 3), (1, 2)))
def test_all_that_is_sent_is_accounted_for(unshare, roscius, tmp_path, leaders, rounds):
    program = [sys.executable, HERE / "faults.py", roscius, "--rounds", rounds, "--leaders", leaders, "--seed", 1]
    # A file, not a pipe: what is left behind would hold a pipe open.
    with (tmp_path / "said.txt").open("w+") as said:
        command = [*unshare, *map(str, program)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=ENVIRONMENT, check=False)
        said.seek(0)
        assert done.returncode == 0, said.read()
