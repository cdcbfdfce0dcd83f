"""What can be seen of processes from outside: in /proc."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PROC = Path("/proc")


class NotInTime(AssertionError):
    """What was waited for has not happened."""


def until(look: Callable[[], Any], within: float = 5.0) -> Any:
    """Look again and again until there is something to see. Only for what tells nobody."""
    end = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > end:
            raise NotInTime(f"{look} saw nothing within {within} s")
        time.sleep(0.01)
    return found


def members(marker: str) -> set[int]:
    """The living processes that have inherited a marked file, or a marked environment, besides this one."""
    found = set()
    for pid in _pids():
        if pid != os.getpid() and state(pid) not in ("Z", "") and (_holds(pid, marker) or _environed(pid, marker)):
            found.add(pid)
    return found


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdigit()]


def _holds(pid: int, marker: str) -> bool:
    return any(marker in target for target in descriptors(pid).values())


def _environed(pid: int, marker: str) -> bool:
    with contextlib.suppress(OSError):
        return marker.encode() in PROC.joinpath(str(pid), "environ").read_bytes()
    return False


def descriptors(pid: int | str = "self") -> dict[int, str]:
    """The open descriptors of a process, and what they lead to."""
    found = {}
    directory = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            with contextlib.suppress(OSError):
                found[int(name)] = os.readlink(f"{directory}/{name}")
    # The one that this very look had open is closed now.
    return {number: target for number, target in found.items() if not target.endswith("/fd")}


def state(pid: int) -> str:
    """R, S, T, Z and so on; nothing if there is no such process."""
    with contextlib.suppress(OSError):
        return PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()[0]
    return ""


def parent_of(pid: int) -> int:
    """The parent of a process. 0 if there is no such process."""
    with contextlib.suppress(OSError):
        return int(PROC.joinpath(str(pid), "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def zombies() -> set[int]:
    """Children of this process that nobody has waited for."""
    found = set()
    for pid in _pids():
        if state(pid) == "Z" and parent_of(pid) == os.getpid():
            found.add(pid)
    return found


def resident(pid: int) -> int:
    """How many bytes of memory a process has."""
    return int(PROC.joinpath(str(pid), "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def listeners(socket: Path) -> list[int]:
    """Which processes listen on a unix socket."""
    inodes = set()
    for line in PROC.joinpath("net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        # The flag says that it listens.
        if len(fields) == 8 and fields[7] == str(socket) and fields[3] == "00010000":
            inodes.add(f"socket:[{fields[6]}]")
    return [pid for pid in _pids() if inodes & set(descriptors(pid).values())]


def gone(pids: Iterable[int], within: float = 10.0) -> None:
    """Wait until these processes have ended."""
    end = time.monotonic() + within
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([watch], [], [], max(0.0, end - time.monotonic()))[0]:
                raise NotInTime(f"process {pid} ({state(pid)}) has not ended")
        finally:
            os.close(watch)


def kill(pids: Iterable[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
