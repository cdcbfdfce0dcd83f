"""Finding the system that a program wants, or starting it."""

from __future__ import annotations

import os
import pickle
import signal
import time
from typing import TYPE_CHECKING, Any

from roscius._core import Listening, Process, find_system, serve_admin

from thespian.system.exceptions import ActorSystemStartupFailure, InvalidActorAddress
from thespian.system.processes import launching, log_writer, titles, zygote

if TYPE_CHECKING:
    from collections.abc import Callable

# How long a program tries to reach a system, and how often.
REACH_SECONDS = 11.0
RETRY_SECONDS = 0.1


class SystemPlace:
    """Where a system is found: the kind of its base, and its port or name."""

    def __init__(self, kind: str, name: str, host: str = "127.0.0.1") -> None:
        self.kind = kind
        self.name = name
        self.host = host

    def find(self) -> str | None:
        """The directory of the system that is there."""
        found = find_system(self.kind, self.name)
        return None if found is None else str(found)

    @property
    def claim(self) -> str:
        """What its Admin claims: an address with a port, or the name."""
        return self.name if self.kind == "queue" else f"{self.host}:{self.name}"

    def __str__(self) -> str:
        return f"{self.kind}:{self.claim}"


class Taken(Exception):
    """Somebody else has the port."""


def attach_or_start(
    place: SystemPlace,
    capabilities: dict[str, Any],
    logDefs: dict[str, Any] | bool | None,
    start_method: str,
) -> Process:
    """Attach to the system of this place, and start it if there is none. The result is this program's part of it."""
    until = time.monotonic() + REACH_SECONDS
    why = "not a valid or useable ActorSystem Admin"
    while True:
        directory = place.find()
        if directory is None:
            try:
                directory = start(place, capabilities, logDefs, start_method)
            except Taken as error:
                why = str(error)
        if directory is not None:
            core = Process(Listening(directory), "external")
            try:
                core.attach()
            except OSError as error:  # it ends just now, perhaps; a timeout is an OSError too
                why = f"not a valid or useable ActorSystem Admin ({error})"
                core.close(0.0)
            else:
                return core
        if time.monotonic() >= until:
            raise InvalidActorAddress(str(place), why)
        time.sleep(RETRY_SECONDS)


def start(
    place: SystemPlace, capabilities: dict[str, Any], logDefs: dict[str, Any] | bool | None, start_method: str
) -> str:
    """Start a system. The result is its directory; Taken is raised if somebody was faster."""
    configuration = logDefs if isinstance(logDefs, dict) else None
    log_writer.remember(configuration)
    logs = logDefs is not False
    settings = {
        "log level": log_writer.forwarding_level(configuration) if logs else None,
        "start method": start_method,
    }
    creator = os.getpid() if place.kind == "queue" else None
    answers, answer = os.pipe()

    def admin() -> None:
        os.close(answers)
        # The starter and the Admin stay when the program's terminal goes.
        signal.set_wakeup_fd(-1)
        for name in ("SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM", "SIGUSR2"):
            signal.signal(getattr(signal, name), signal.SIG_IGN if name != "SIGTERM" else signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        titles.set_title(f"MultiProcAdmin {place}")

        def ready(outcome: str, text: str) -> None:
            os.write(answer, f"{outcome}\n{os.getpid()}\n{text}".encode())
            os.close(answer)

        serve_admin(
            place.kind,
            place.claim,
            _packed(capabilities),
            _packed(settings),
            log_writer.SPEC if logs else None,
            creator,
            ready,
        )

    daemonise(admin)
    outcome, _, rest = _read_all(answers, answer).partition("\n")
    pid, _, text = rest.partition("\n")
    if outcome == "taken":
        raise Taken(text)
    if outcome != "ready":
        raise ActorSystemStartupFailure(f"the Admin of the actor system did not start: {text or 'it ended at once'}")
    problem = _start_starter(text, start_method) or _reach(text)
    if problem:
        # Without them the system would be there and do nothing.
        os.kill(int(pid), signal.SIGTERM)
        raise ActorSystemStartupFailure(f"the actor system did not start: {problem}")
    return text


def _start_starter(directory: str, start_method: str) -> str:
    """Start the process that starts others. The result is why it could not be."""
    answers, answer = os.pipe()

    def starter() -> None:
        os.close(answers)
        try:
            prepared = zygote.join(directory)
        except OSError as error:
            os.write(answer, str(error).encode())
            return
        os.write(answer, b"ready")
        os.close(answer)
        zygote.main(prepared, directory, start_method)

    daemonise(starter)
    outcome = _read_all(answers, answer)
    return "" if outcome == "ready" else outcome or "its starter ended at once"


def _reach(directory: str) -> str:
    """Whether this program can listen in the directory. The result is why it can not."""
    try:
        Listening(directory)
    except OSError as error:
        return str(error)
    return ""


def _read_all(answers: int, answer: int) -> str:
    os.close(answer)
    with os.fdopen(answers, "rb") as pipe:
        return pipe.read().decode()


def daemonise(run: Callable[[], None]) -> None:
    """Run something in a process that belongs to nobody: no parent waits for it, no terminal ends it."""

    def leave() -> None:
        os.setsid()
        launching.fork(lambda: launching.alone(run), None)

    pid = launching.fork(leave, None)
    os.waitpid(pid, 0)


def _packed(entries: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    return [(pickle.dumps(name), pickle.dumps(value)) for name, value in entries.items()]
