"""Finding the system that a program wants, or starting it."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from roscius._core import Listening, Process, announce, find_system, serve_admin

from thespian.system.exceptions import ActorSystemStartupFailure, InvalidActorAddress
from thespian.system.messages.status import status_message, status_text
from thespian.system.network_place import share_of
from thespian.system.processes import launching, log_writer, titles, zygote
from thespian.system.processes.task import packed_entries
from thespian.system.thesplog import thesplog

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


class Part(NamedTuple):
    """What a program has of a system: its process there, the directory, and how processes are started."""

    core: Process
    directory: str
    start_method: str

    def start_starter(self) -> None:
        """Start a process that starts others, in place of one that has ended."""
        problem = _start_starter(self.directory, self.start_method, self.core)
        if problem:
            raise OSError(f"no process could be started that starts others: {problem}")


class Taken(Exception):
    """Somebody else has the port."""


def attach_or_start(
    place: SystemPlace,
    capabilities: dict[str, Any],
    logDefs: dict[str, Any] | bool | None,
    start_method: str,
    tell_seconds: float,
) -> Part:
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
            core = Process(Listening(directory), "external", tell_seconds)
            try:
                known, settings = core.attach()
                if not settings:
                    _bring_python(core, directory, start_method, capabilities, known)
            except OSError as error:  # it ends just now, perhaps; a timeout is an OSError too
                why = f"not a valid or useable ActorSystem Admin ({error})"
                core.close(0.0)
            else:
                return Part(core, directory, str(settings.get("start method", start_method)))
        if time.monotonic() >= until:
            raise InvalidActorAddress(str(place), why)
        time.sleep(RETRY_SECONDS)


def _bring_python(
    core: Process, directory: str, start_method: str, capabilities: dict[str, Any], known: dict[str, Any]
) -> None:
    """Let a system that a program in Rust has started make actors in Python too, with the capabilities of this program."""
    if "python" not in core.makers():
        problem = _start_starter(directory, start_method)
        if problem:
            raise OSError(problem)
    for name, value in capabilities.items():
        if name not in known:
            core.set_capability(pickle.dumps(name), pickle.dumps(value), True)


def announce_program(directory: str, program: str, arguments: list[str]) -> list[str]:
    """Start an executable that offers actors, as a process that belongs to nobody. The result is their names."""
    answers, answer = os.pipe()

    def run() -> None:
        os.close(answers)
        try:
            outcome = (True, announce(directory, program, arguments))
        except ValueError as error:
            outcome = (False, [str(error)])
        os.write(answer, json.dumps(outcome).encode())

    daemonise(run)
    text = _read_all(answers, answer)
    done, found = json.loads(text) if text else (False, [f"`{program}` could not be started"])
    if not done:
        raise ValueError(*found)
    return list(found)


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
        alarm, rung = os.pipe()
        for end in (alarm, rung):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(rung, warn_on_full_buffer=False)
        signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
        titles.set_title(f"MultiProcAdmin {place}")

        outcomes: list[str] = []

        def ready(outcome: str, text: str) -> None:
            outcomes.append(outcome)
            os.write(answer, f"{outcome}\n{os.getpid()}\n{text}".encode())
            os.close(answer)

        try:
            serve_admin(
                place.kind,
                place.claim,
                packed_entries(capabilities),
                packed_entries(settings),
                log_writer.SPEC if logs else None,
                creator,
                share_of(capabilities, place.host, place.name),
                ready,
                alarm,
                _show_status,
            )
        except OSError:
            # Why there is no system the program has been told: it says so itself.
            if outcomes in ([], ["ready"]):
                raise

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


def _show_status(details: dict[str, Any]) -> None:
    thesplog("STATUS: %s", status_text(status_message(details)), level=logging.INFO, primary=True)


def _start_starter(directory: str, start_method: str, program: Process | None = None) -> str:
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

    daemonise(starter, program)
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


def daemonise(run: Callable[[], None], program: Process | None = None) -> None:
    """Run something in a process that belongs to nobody: no parent waits for it, no terminal ends it.

    It has no part in what `program` is.
    """

    def leave() -> None:
        os.setsid()
        launching.fork(lambda: launching.alone(run), None)

    pid = launching.fork(leave, program)
    os.waitpid(pid, 0)
