"""The wheels that `make wheel` has built, each in a fresh environment of its own.

`dist` has one wheel, for the Python that built it, so that `pip install dist/*.whl` works; `dist/abi3` has the one for all.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from thespian.test import get_free_admin_port

TESTS = Path(__file__).parent
DIST = TESTS.parents[2] / "dist"
VERSION = f"cp{sys.version_info.major}{sys.version_info.minor}"

PROGRAM = """
import sys
from thespian.actors import Actor, ActorSystem

class Hello(Actor):
    def receiveMessage(self, message, sender):
        if isinstance(message, str):
            self.send(sender, f"Hello, {message}!")

system = ActorSystem(sys.argv[1], {"Admin Port": int(sys.argv[2])})
print(system.ask(system.createActor(Hello), "world", 10))
system.shutdown()
"""

MISTYPED = """
import roscius
roscius.restart("always")
"""

pytestmark = pytest.mark.skipif(not DIST.is_dir(), reason="`make wheel` has built none")


def only_wheel(folder: Path) -> Path:
    """The wheel of a folder, in which there is no second one."""
    [wheel] = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module", params=["for this Python", "abi3"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with the wheel in it and nothing else."""
    wheel = only_wheel(DIST / "abi3" if request.param == "abi3" else DIST)
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    subprocess.run([*pip, "install", "--quiet", "--no-index", str(wheel)], check=True)
    return python


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command away from the sources."""
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=50)


def test_names() -> None:
    """One wheel for this very Python, one for all from 3.11 on."""
    assert f"-{VERSION}-{VERSION}-" in only_wheel(DIST).name
    assert "-cp311-abi3-" in only_wheel(DIST / "abi3").name


def test_the_extension_is_what_the_name_of_the_wheel_says(python: Path, tmp_path: Path) -> None:
    """A wheel of the one kind does not hold an extension of the other."""
    found = run(python, "-c", "import roscius._core; print(roscius._core.__file__)", folder=tmp_path)
    extension = Path(found.stdout.strip())
    assert extension.is_relative_to(python.parents[1]), found
    [record] = extension.parents[1].glob("roscius-*.dist-info/WHEEL")
    assert extension.name.endswith(".abi3.so") == ("-abi3-" in record.read_text())


@pytest.mark.parametrize("base", ["simpleSystemBase", "multiprocTCPBase"])
def test_a_short_program_runs(python: Path, base: str, tmp_path: Path) -> None:
    """What the README shows."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ran = run(python, program, base, str(get_free_admin_port()), folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "Hello, world!\n"), ran.stderr


def test_a_typed_program_is_accepted_and_runs(python: Path, tmp_path: Path) -> None:
    """The types that a user's mypy finds are those of the wheel."""
    check = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", python]
    check += ["--cache-dir", TESTS.parent / ".mypy_cache" / "wheels"]
    program = tmp_path / "typed_program.py"
    program.write_text((TESTS / "typed_program.py").read_text())
    checked = run(*check, program, folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    ran = run(python, program, folder=tmp_path)
    assert (ran.returncode, "Served" in ran.stdout) == (0, True), ran.stderr
    mistyped = tmp_path / "mistyped.py"
    mistyped.write_text(MISTYPED)
    refused = run(*check, mistyped, folder=tmp_path)
    assert refused.returncode == 1 and "arg-type" in refused.stdout, refused.stdout
