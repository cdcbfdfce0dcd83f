"""Runs a workload in a process of its own, with a time limit, and ends what it leaves behind."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from environments import HERE, WORK, Subject

PR_SET_CHILD_SUBREAPER = 36
# Seconds that the processes of a system have to end after the one that started it, on a busy machine too.
GRACE = 5.0
# What a workload may know of the environment.
PASSED_ON = ("XDG_RUNTIME_DIR", "CLUSTER_CERTIFICATES", "THESPIAN_BASE_IPADDR")


@dataclass(frozen=True)
class Outcome:
    """What one process found out: a figure, a failure, or a figure with a flaw."""

    figure: float | None = None
    unit: str | None = None
    pss: float | None = None
    failure: str | None = None


def adopt_orphans() -> None:
    """Become the parent of all that daemons leave behind, so that it can be found."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants() -> list[int]:
    """The live processes below this one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(entry.name))
    found = [os.getpid()]
    for process in found:
        found += children.get(process, [])
    return found[1:]


def end_descendants() -> None:
    """Kill all below this process; what they started meanwhile, too."""
    for _ in range(50):
        left = descendants()
        for process in left:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.02)


def count_left() -> int:
    """How many processes are still there after the time of grace."""
    deadline = time.monotonic() + GRACE
    while (left := len(descendants())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def run(subject: Subject, base: str, workload: str, amount: int, rounds: int, cores: int, limit: float) -> Outcome:
    """The outcome of one process."""
    command = [subject.python, subject.script, base, workload, amount, "--rounds", rounds, "--cores", cores]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(HERE), "THESPLOG_FILE": str(WORK / "thespian.log")}
    environment |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    # Files, not pipes: a process that is left behind would hold a pipe open.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=WORK,
            env=environment,
        )
        try:
            process.wait(limit)
            late, left = False, count_left()
        except subprocess.TimeoutExpired:
            late, left = True, 0
            process.kill()
            process.wait()
        finally:
            end_descendants()
        out.seek(0)
        err.seek(0)
        if late:
            return Outcome(failure=f"did not end within {limit:g} s")
        return _read(out.read(), err.read(), process.returncode, left)


def _read(out: str, err: str, code: int, left: int) -> Outcome:
    try:
        found = json.loads(out.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = err.strip().splitlines()[-1:] or ["nothing on standard error"]
        return Outcome(failure=f"ended with {code}: {last[0]}")
    if "failed" in found:
        return Outcome(failure=found["failed"])
    flaw = f"{left} processes left behind" if left else None
    return Outcome(found["median"], found["unit"], found["pss_mb"], flaw)
