"""Signals of the processes of a system."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from thespian.system.messages.lifecycle import ActorExitRequest
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from collections.abc import Callable

    from roscius._core import ActorAddress, Process

_EXIT = ("SIGTERM", "SIGQUIT", "SIGABRT")
# They end a process that has them from its terminal: an actor is not to end with its program.
_NOTED = ("SIGINT", "SIGHUP", "SIGUSR2", "SIGALRM", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH", "SIGURG", "SIGIO")


class _Subject(NamedTuple):
    core: Process
    address: ActorAddress
    describe: Callable[[], str]


# The actor of this process; a starter has none.
_subject: _Subject | None = None


def handle(core: Process, me: ActorAddress, describe: Callable[[], str], prepared: bool) -> None:
    """Let signals end the actor in good order, show its status, or be noted. `prepared` by the starter, or not yet."""
    global _subject
    _subject = _Subject(core, me, describe)
    _install(core, prepared)


def prepare(core: Process) -> None:
    """Let the process that starts others go on whatever the terminal says, and handle signals in those that it forks."""
    _install(core, False)


def _install(core: Process, prepared: bool) -> None:
    signal.set_wakeup_fd(core.alarm(), warn_on_full_buffer=False)
    if prepared:
        return
    for name in _EXIT:
        _set(name, _exit_in_order)
    for name in _NOTED:
        _set(name, _note)
    _set("SIGUSR1", _show_status)
    # Programs that the actor starts are waited for by it alone.
    _set("SIGCHLD", signal.SIG_DFL)


def _exit_in_order(number: int, _frame: Any) -> None:
    if _subject is None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    name = signal.Signals(number).name
    thesplog("Actor %s got signal %s: it exits", _subject.address, name, level=logging.INFO)
    _subject.core.post(_subject.address, ActorExitRequest())


def _show_status(_number: int, _frame: Any) -> None:
    if _subject is not None:
        thesplog("STATUS: %s", _subject.describe(), level=logging.INFO, primary=True)


def _note(number: int, _frame: Any) -> None:
    if _subject is not None:
        name = signal.Signals(number).name
        thesplog("Actor %s got signal %s", _subject.address, name, level=logging.WARNING)


def _set(name: str, handler: Any) -> None:
    with suppress(AttributeError, ValueError, OSError):
        signal.signal(getattr(signal, name), handler)
