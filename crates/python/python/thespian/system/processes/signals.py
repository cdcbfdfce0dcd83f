"""Signals of the processes of a system."""

from __future__ import annotations

import logging
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from thespian.system.messages.lifecycle import ActorExitRequest
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from collections.abc import Callable

    from roscius._core import ActorAddress, Process

_EXIT = ("SIGTERM", "SIGQUIT", "SIGABRT")
# They end a process that has them from its terminal: an actor is not to end with its program.
_NOTED = ("SIGINT", "SIGHUP", "SIGUSR2", "SIGALRM", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH", "SIGURG", "SIGIO")


def handle(core: Process, me: ActorAddress, describe: Callable[[], str]) -> None:
    """Let signals end the actor in good order, show its status, or be noted."""

    def exit_in_order(number: int, _frame: Any) -> None:
        thesplog("Actor %s got signal %s: it exits", me, signal.Signals(number).name, level=logging.INFO)
        core.post(me, ActorExitRequest())

    def show_status(_number: int, _frame: Any) -> None:
        thesplog("STATUS: %s", describe(), level=logging.INFO, primary=True)

    def note(number: int, _frame: Any) -> None:
        thesplog("Actor %s got signal %s", me, signal.Signals(number).name, level=logging.WARNING)

    signal.set_wakeup_fd(core.alarm(), warn_on_full_buffer=False)
    for name in _EXIT:
        _set(name, exit_in_order)
    for name in _NOTED:
        _set(name, note)
    _set("SIGUSR1", show_status)
    # Programs that the actor starts are waited for by it alone.
    _set("SIGCHLD", signal.SIG_DFL)


def ignore(core: Process) -> None:
    """Let the process that starts others go on whatever the terminal says."""
    signal.set_wakeup_fd(core.alarm(), warn_on_full_buffer=False)
    for name in _NOTED:
        _set(name, signal.SIG_IGN)
    for name in (*_EXIT, "SIGCHLD", "SIGUSR1"):
        _set(name, signal.SIG_DFL if name != "SIGUSR1" else signal.SIG_IGN)


def _set(name: str, handler: Any) -> None:
    with suppress(AttributeError, ValueError, OSError):
        signal.signal(getattr(signal, name), handler)
