"""Runs the test-suite of the original Thespian against a wheel of ours.

    compat.py WHEEL [FILE ...]

The tests come from the published source distribution. They are laid into the installed package, because they name
actors and pickle messages as `thespian.test...`; nothing of them is kept in this project. Each file runs in a process of
its own. Without FILE: all that concerns the bases that there are so far.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE / ".compat"
ORIGINAL = "thespian==4.0.1"
TOOLS = ["pytest==9.2.0", "pytest-timeout==2.4.0", "setproctitle==1.3.8"]
PYTHON = WORK / "venv" / "bin" / "python"
BASE = "simpleSystemBase"

# Loading of sources, the Director and conventions are still to come.
FILES = [
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
    "generators",
    "globalName",
    "initmsgs",
    "load",
    "msg_ChildExited",
    "msg_ConventionUpdate",
    "msg_DeadEnvelope",
    "msg_ExitRequest",
    "msg_Poison",
    "msg_ValidateSource",
    "msg_ValidatedSource",
    "msg_Wakeup",
    "poisonMessage",
    "requireCapability",
    "runcommand",
    "simpleActor",
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
# Tests that need what is still to come.
TO_COME = {"testLoadableHive", "testLoadableColony"}
FILE_LIMIT = 600
TEST_LIMIT = {"threadedExternal": 400}


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def prepare(wheel: Path) -> Path:
    """Installs the wheel beside the tests of the original, and says where they are."""
    WORK.mkdir(exist_ok=True)
    if not PYTHON.exists():
        venv.create(WORK / "venv", with_pip=True)
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


def run_file(tests: Path, name: str) -> tuple[str, bool, str]:
    """Runs one file. True when nothing failed; the text says what came of it."""
    left_out = " and not ".join(sorted(TO_COME))
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests, tests / f"test_{name}.py"]
    command += ["--timeout", str(TEST_LIMIT.get(name, 60)), "-k", f"not multiproc and not {left_out}"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=FILE_LIMIT, cwd=WORK, check=False)
    except subprocess.TimeoutExpired:
        return name, False, f"did not end within {FILE_LIMIT} s"
    summary = result.stdout.strip().splitlines()[-1] if result.stdout.strip() else result.stderr[-500:]
    # A file of which no test ran, or none passed, proves nothing.
    good = result.returncode == 0 and re.search(r"\d+ passed", summary) is not None
    return name, good, summary if good else result.stdout[-4000:]


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    tests = prepare(Path(sys.argv[1]).resolve())
    names = [name.removeprefix("test_") for name in sys.argv[2:]] or FILES
    failed = []
    with ThreadPoolExecutor(2) as pool:
        for name, good, text in pool.map(lambda name: run_file(tests, name), names):
            print(f"{'ok  ' if good else 'FAIL'} {name:26} {text}", flush=True)
            if not good:
                failed.append(name)
    print(f"{len(names) - len(failed)} of {len(names)} files of {ORIGINAL} pass on {BASE}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
