"""`python -m thespian.director`, each command a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from director_runs import DIRECTOR, LIMIT, ran
from thespian.test import get_free_admin_port

PAGE = Path(__file__).parents[4] / "docs" / "director.md"
FILES = ("service.py", "parts/*.py")


@pytest.fixture
def environment(directory):
    (directory / "adminport.cfg").write_text(str(get_free_admin_port()))
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    return {**os.environ, "THESPIAN_DIRECTOR_DIR": str(directory), "PATH": path}


@pytest.fixture
def program(environment):
    """Runs the program as a user does, and ends its system."""

    def run(*arguments, code=0):
        ended, said = ran([*DIRECTOR, *arguments], environment)
        assert ended == code, said
        return said

    yield run
    run("shutdown")


def test_a_session(program, directory, sources, tmp_path):
    key = str(tmp_path / "made.pem")
    program("genkey", "made", key)
    assert program("gensrc", "service", key, str(sources), "version:1", *FILES).startswith("Wrote ")
    first = program("start").split()[-1]
    sources.set_version(2)
    program("gensrc", "service", key, str(sources), "version:2", *FILES)
    second = program("load", "service").split()[-1]
    listed = program("list")
    assert f"  Source hash {first}\n" in listed
    assert f"  Source hash {second}  [ACTIVE]\n" in listed
    assert listed.count("service.Service (server)") == 2
    program("unload", second)
    assert f"  Source hash {first}  [ACTIVE]\n" in program("list", "service")
    (directory / "made_tls.key").unlink()
    assert "Could not validate signature" in program("load", "service", code=7)
    log = (tmp_path / "thespian.log").read_text()
    assert f"Source {first}" in log
    assert "is signed by the key" in log


def test_a_start_that_goes_on(program, environment, sources, ed_key):
    program("gensrc", "service", ed_key, str(sources), *FILES)
    # Who runs the tests in the background ignores interruptions, and with it all that is started.
    python = ["env", "--default-signal=INT", sys.executable, "-u"]
    command = [*python, "-m", "thespian.director", "start", "wait"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline().startswith('Loaded "service" ')
        assert started.poll() is None
        started.send_signal(signal.SIGINT)
        assert started.wait(LIMIT) == 128 + signal.SIGINT
    assert "service.Service (server)" in program("list"), "the system goes on"


def test_the_session_of_the_documentation(program, environment, tmp_path):
    (session,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    greet = tmp_path / "src"
    greet.mkdir()
    (greet / "greet.py").write_text("from thespian.actors import Actor\n\n\nclass Greeter(Actor):\n    pass\n")
    (greet / "greet.tli").write_text("{'Actors': {'greet.Greeter': {'OnLoad': {'Role': 'greeter'}}}}")
    ended, said = ran(["sh", "-e", "-c", session], environment, tmp_path)
    assert ended == 0, said
    assert "greet.Greeter (greeter)" in said
    assert said.endswith("Shutdown completed\n")
