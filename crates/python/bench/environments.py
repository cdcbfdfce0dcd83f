"""The virtual environments of the systems that are compared."""

from __future__ import annotations

import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / ".bench"
ORIGINAL = "thespian==4.0.1"
PYKKA = "pykka==4.5.0"

# Ends with an error if the environment holds another system than it should.
CHECKS = {
    "original": "import importlib.util as u; assert u.find_spec('roscius') is None",
    "pykka": "import pykka",
    "roscius": "import roscius._core",
}
VERSIONS = {"original": "thespian", "pykka": "pykka", "roscius": "roscius"}


@dataclass(frozen=True)
class Subject:
    """One of the systems, and how its workloads are started."""

    name: str
    title: str
    python: Path
    script: Path


def prepare(wheel: Path) -> list[Subject]:
    """Make the environments as far as they are not there; the wheel is always installed anew."""
    WORK.mkdir(exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    workloads = HERE / "workloads.py"
    return [
        # Built here from its source distribution.
        _environment("original", workloads, "--no-binary", "thespian", ORIGINAL),
        _environment("pykka", HERE / "pykka_workloads.py", PYKKA),
        _environment("roscius", workloads, "--force-reinstall", "--no-deps", str(wheel)),
    ]


def _environment(name: str, script: Path, *what: str) -> Subject:
    folder = WORK / f"venv-{name}"
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if name == "roscius" or not ready.exists() or ready.read_text() != what[-1]:
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        subprocess.run(install, check=True)
        ready.write_text(what[-1])
    subprocess.run([python, "-I", "-c", CHECKS[name]], check=True, cwd=WORK)
    get = f"from importlib.metadata import version; print(version('{VERSIONS[name]}'))"
    version = subprocess.check_output([python, "-I", "-c", get], text=True, cwd=WORK).strip()
    return Subject(name, f"{VERSIONS[name]} {version}", python, script)
