"""The virtual environments of the systems that are compared."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from plan import ORIGINAL, OURS, PYKKA, RAY, SOCKET

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / ".bench"


@dataclass(frozen=True)
class Recipe:
    """What is installed, how that is looked at, and what then runs."""

    install: list[str]
    # Ends with an error if the environment holds another system than it should.
    check: str
    distribution: str
    script: str


RECIPES = {
    # Built here from its source distribution.
    ORIGINAL: Recipe(
        ["--no-binary", "thespian", "thespian==4.0.1"],
        "import importlib.util as u; assert u.find_spec('roscius') is None",
        "thespian",
        "workloads.py",
    ),
    PYKKA: Recipe(["pykka==4.5.0"], "import pykka", "pykka", "pykka_workloads.py"),
    RAY: Recipe(["ray==2.60.0"], "import ray", "ray", "ray_workloads.py"),
    OURS: Recipe(["--force-reinstall", "--no-deps"], "import roscius._core", "roscius", "workloads.py"),
}
# What the table can do without.
OPTIONAL = {PYKKA, RAY}


class NotInstalled(Exception):
    """An environment could not be made."""


@dataclass(frozen=True)
class Subject:
    """One of the systems, and how its workloads are started."""

    name: str
    title: str
    python: Path
    script: Path


def prepare(wheel: Path, wanted: set[str]) -> tuple[dict[str, Subject], list[str]]:
    """Make the environments as far as they are not there; the wheel is always installed anew.

    Also says who is left out, and why.
    """
    WORK.mkdir(exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    found, left_out = {}, []
    for name in sorted(wanted):
        try:
            found[name] = _subject(name, wheel)
        except NotInstalled as error:
            if name not in OPTIONAL:
                raise
            left_out.append(f"{name} is left out: it can not be installed here: {error}")
    return found, left_out


def _subject(name: str, wheel: Path) -> Subject:
    if name == SOCKET:
        return Subject(name, "unix socket, pickle", Path(sys.executable), HERE / "socket_workloads.py")
    recipe = RECIPES[name]
    folder = WORK / f"venv-{name}"
    python = folder / "bin" / "python"
    what = [*recipe.install, str(wheel)] if name == OURS else recipe.install
    ready = folder / "ready"
    if name == OURS or not ready.exists() or ready.read_text() != what[-1]:
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what])
        ready.write_text(what[-1])
    _run([python, "-I", "-c", recipe.check])
    get = f"from importlib.metadata import version; print(version('{recipe.distribution}'))"
    version = _run([python, "-I", "-c", get]).strip()
    return Subject(name, f"{recipe.distribution} {version}", python, HERE / recipe.script)


def _run(command: list[str | Path]) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, cwd=WORK)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["nothing was said"]
        raise NotInstalled(last[0])
    return done.stdout
