"""Runs the test-suite of the original Thespian against a wheel of ours.

    compat.py WHEEL [--all] [FILE ...]

The tests come from the published source distribution. They are laid into the installed package, because they name
actors and pickle messages as `thespian.test...`; nothing of them is kept in this project. Each file runs in a process of
its own, and no process may be left behind by it. Without FILE: all of them. With --all: also the
two bases that differ from multiprocTCPBase only between systems.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE / ".compat"
ORIGINAL = "thespian==4.0.1"
TOOLS = ["pytest==9.2.0", "pytest-timeout==2.4.0", "setproctitle==1.3.8"]
PYTHON = WORK / "venv" / "bin" / "python"
# They are multiprocTCPBase with capabilities that matter between systems.
ROUTED = "AdminRouting"
# Names the processes that a file starts, in their environment.
MARK = "ROSCIUS_COMPAT_FILE"

FILES = [
    "HAConvention",
    "actorAdder",
    "actorAddressPassing",
    "actorFailures",
    "actorSignals",
    "actorSysAPI",
    "actorSystemRestart",
    "actors",
    "badStartupMessage",
    "badmessage",
    "bigmessages",
    "commonCapabilities",
    "createActor",
    "deadLettering",
    "director",
    "generators",
    "globalName",
    "initmsgs",
    "load",
    "manyActorSystems",
    "msg_ChildExited",
    "msg_ConventionUpdate",
    "msg_DeadEnvelope",
    "msg_ExitRequest",
    "msg_Poison",
    "msg_ValidateSource",
    "msg_ValidatedSource",
    "msg_Wakeup",
    "multipleActorSystems",
    "poisonMessage",
    "preRegistration",
    "requireCapability",
    "runcommand",
    "simpleActor",
    "sourceLoading",
    "stats",
    "systemMessages",
    "threadedActor",
    "threadedExternal",
    "transient",
    "troupe",
    "typeDispatcher",
    "updateSystemCapabilities",
    "wakeup",
]
FILE_LIMIT = 600
TEST_LIMIT = {"threadedExternal": 400}


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def prepare(wheel: Path) -> Path:
    """Installs the wheel beside the tests of the original, and says where they are."""
    WORK.mkdir(exist_ok=True)
    if not PYTHON.exists():
        venv.create(WORK / "venv", with_pip=True)
    # It does nothing where they are; an attempt that failed is made again.
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *TOOLS)
    archives = list(WORK.glob("thespian-*.tar.gz"))
    if not archives:
        options = ["-q", "--disable-pip-version-check", "--no-binary", ":all:", "--no-deps", "--dest", WORK]
        run(PYTHON, "-m", "pip", "download", *options, ORIGINAL)
        archives = list(WORK.glob("thespian-*.tar.gz"))
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--force-reinstall", "--no-deps", wheel)
    where = subprocess.check_output([PYTHON, "-c", "import thespian; print(thespian.__path__[0])"], text=True, cwd=WORK)
    package = Path(where.strip())
    with tarfile.open(archives[0]) as archive:
        for member in archive.getmembers():
            _, _, inside = member.name.partition("/")
            if member.isfile() and inside.startswith("thespian/test/"):
                member.name = inside.removeprefix("thespian/")
                archive.extract(member, package, filter="data")
    return package / "test"


def run_file(tests: Path, name: str, everything: bool) -> tuple[str, bool, str]:
    """Runs one file. True when nothing failed and nothing was left behind; the text says what came of it."""
    left_out = [] if everything else [ROUTED]
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests, tests / f"test_{name}.py"]
    command += ["--timeout", str(TEST_LIMIT.get(name, 60))]
    if left_out:
        command += ["-k", " and ".join(f"not {part}" for part in left_out)]
    environment = {**os.environ, MARK: name}
    environment.pop("PYTHONUNBUFFERED", None)  # one test looks at the buffering of a killed child
    # To a file: who is left behind would keep a pipe open.
    with tempfile.TemporaryFile("w+") as output:
        try:
            code = subprocess.run(
                command, stdout=output, stderr=output, timeout=FILE_LIMIT, cwd=WORK, check=False, env=environment
            ).returncode
        except subprocess.TimeoutExpired:
            end_processes_of(name)
            return name, False, f"did not end within {FILE_LIMIT} s"
        output.seek(0)
        text = output.read().strip()
    left = end_processes_of(name)
    summary = text.splitlines()[-1] if text else "nothing was said"
    # A file of which no test ran, or none passed, proves nothing.
    good = code == 0 and re.search(r"\d+ passed", summary) is not None and not left
    return name, good, summary if good else f"{text[-4000:]}\n{left} processes were left behind"


def end_processes_of(name: str) -> int:
    """Ends what a file has left behind, and says how many processes that were. They may take a moment to end by themselves."""
    until = time.monotonic() + 3
    while (left := processes_of(name)) and time.monotonic() < until:
        time.sleep(0.1)
    for process in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return len(left)


def processes_of(name: str) -> list[int]:
    """The living processes that a file has started."""
    mark = f"{MARK}={name}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--all"]
    if not arguments:
        print(__doc__)
        return 2
    everything = "--all" in sys.argv
    tests = prepare(Path(arguments[0]).resolve())
    names = [name.removeprefix("test_") for name in arguments[1:]] or FILES
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, good, text in pool.map(lambda name: run_file(tests, name, everything), names):
            print(f"{'ok  ' if good else 'FAIL'} {name:26} {text}", flush=True)
            if not good:
                failed.append(name)
    print(f"{len(names) - len(failed)} of {len(names)} files of {ORIGINAL} pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
