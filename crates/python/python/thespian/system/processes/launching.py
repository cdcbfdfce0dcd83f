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


def start(method: str, task: Task, listening: Listening, starter: Process) -> int:
    """Start the process of a task, which listens there already. The result is its process id."""
    if method == "fork" or task.maker == "logger":
        pid = fork(lambda: actor_process.main(task, _taken_over(listening)), starter)
    else:
        # Few systems use it, and it imports a lot.
        from thespian.system.processes import spawning

        pid = spawning.spawn(method, task, listening)
    listening.leave()
    return pid


def fork(run: Callable[[], None], starter: Process | None) -> int:
    """Run something in a forked process, which ends after it. The result is its process id."""
    _flush()
    pid = os.fork()
    if pid:
        return pid
    run_to_end(run, starter)


def run_to_end(run: Callable[[], None], starter: Process | None) -> NoReturn:
    """Run something and end the process. `starter` is what the process that this one was forked from has of the system."""
    code = 1
    try:
        if starter is not None:
            starter.abandon()
        # The stack of the other process is below this one: it does not count.
        sys.setrecursionlimit(sys.getrecursionlimit() + _stack_depth())
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


def _stack_depth() -> int:
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


def _taken_over(listening: Listening) -> Listening:
    listening.take_over()
    _let_go_of_sockets(listening.fileno())
    return listening


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
