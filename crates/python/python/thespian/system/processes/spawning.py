"""Starting processes by the start methods of `multiprocessing` that do not fork their caller."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from multiprocessing import reduction
from typing import TYPE_CHECKING, Any

from roscius._core import Listening

from thespian.system.processes import actor_process, launching

if TYPE_CHECKING:
    from thespian.system.processes.task import Task

# They would be terminated, or warned of, when nobody refers to them.
_started: list[Any] = []


def spawn(method: str, task: Task, listening: Listening) -> int:
    """Start the process of a task by `spawn` or `forkserver`. The result is its process id."""
    context = multiprocessing.get_context(method)
    process = context.Process(  # type: ignore[attr-defined]
        target=_spawned, args=(task, _Descriptor(listening.fileno())), name=f"Actor_{task.process}"
    )
    process.start()
    # Whoever watches the process by its descriptor reaps it, not the module.
    with suppress(AttributeError, KeyError):
        multiprocessing.process._children.discard(process)  # type: ignore[attr-defined]
    _started.append(process)
    return int(process.pid)


class _Descriptor:
    """A descriptor that goes with a task to a process that is spawned."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._number),)


def _received(descriptor: Any) -> int:
    return int(descriptor.detach())


def _spawned(task: Task, descriptor: int) -> None:
    """The whole life of a process that was spawned."""
    listening = Listening.adopt(task.directory, task.process, descriptor)
    os.close(descriptor)
    launching.run_to_end(lambda: actor_process.main(task, listening, None), None, True)
