"""Starting the process of an actor: by `fork`, `spawn` or `forkserver`."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from thespian.system.processes import actor_process
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from collections.abc import Callable

    from roscius._core import Listening, Process

    from thespian.system.processes.task import Task

METHODS = ("fork", "spawn", "forkserver")


def start(
    method: str, task: Task, listening: Listening, starter: Process, prepared: actor_process.Prepared | None = None
) -> int:
    """Start the process of a task, which listens there already. The result is its process id.

    `starter` is what this process has of the system. One that starts others and does nothing else is `prepared` for it.
    """
    if method == "fork" or task.maker == "logger":

        def run() -> None:
            listening.take_over()
            if prepared is None:
                _let_go_of_sockets(listening.fileno())
            actor_process.main(task, listening, prepared)

        pid = fork(run, starter, prepared is None)
    else:
        # Few systems use it, and it imports a lot.
        from thespian.system.processes import spawning

        pid = spawning.spawn(method, task, listening)
    listening.leave()
    return pid


def fork(run: Callable[[], None], starter: Process | None, is_deep: bool = True) -> int:
    """Run something in a forked process, which ends after it. The result is its process id.

    `is_deep` unless the stack is as high as that of a process which was forked so before, but for a few frames.
    """
    _flush()
    pid = os.fork()
    if pid:
        return pid
    run_to_end(run, starter, is_deep)


def run_to_end(run: Callable[[], None], starter: Process | None, is_deep: bool) -> NoReturn:
    """Run something and end the process. `starter` is what the process that this one was forked from has of the system."""
    code = 1
    try:
        if starter is not None:
            starter.abandon()
        if is_deep:
            _discount_stack()
        run()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the frames of the other process
        thesplog("A process of the actor system failed: %r", error, level=40)
        with suppress(Exception):
            sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _flush()
        os._exit(code)


# How much of the stack the limit of recursion allows for already.
_discounted = 0
_FEW_FRAMES = 16


def _discount_stack() -> None:
    """The stack of the other process is below this one: it does not count."""
    global _discounted
    depth, frame = _FEW_FRAMES, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(sys.getrecursionlimit() + depth - _discounted)
    _discounted = depth


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _let_go_of_sockets(keep: int) -> None:
    """Close the sockets of the process that this one was forked from.

    Python objects that own them may still be there, so their numbers are kept taken.
    """
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    with suppress(OSError):
        for name in os.listdir("/proc/self/fd"):
            descriptor = int(name)
            with suppress(OSError):
                is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
                if is_socket and descriptor > 2 and descriptor != keep:
                    os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


def alone(run: Callable[[], None]) -> None:
    """Run something that shares no socket with the process that this one was forked from."""
    _let_go_of_sockets(-1)
    run()
