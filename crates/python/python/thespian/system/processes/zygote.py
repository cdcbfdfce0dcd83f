"""The quiet process that the actors of external code are forked from."""

from __future__ import annotations

import gc
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from roscius._core import Listening, Process, start_program

from thespian.system.processes import actor_process, launching, signals, titles
from thespian.system.processes.spare import Spare
from thespian.system.processes.task import Task
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from roscius._core import MakeOrder


def join(directory: str) -> actor_process.Prepared:
    """Join the system, which a full disk may forbid."""
    core = Process(Listening(directory), "zygote")
    attached = core.attach()
    core.offer(["python", "logger"])
    return actor_process.Prepared(core, *attached)


def main(prepared: actor_process.Prepared, directory: str, start_method: str) -> None:
    """Start processes as the Admin wants them, until the system has ended."""
    core = prepared.starter
    signals.prepare(core)
    titles.set_title(f"starter {core.admin}")
    # What is there now is shared with every actor: no collection may touch it.
    gc.collect()
    gc.freeze()
    starter = _Starter(prepared, directory, start_method)
    while not core.is_over:
        core.turn(None)
        while (order := core.take_order()) is not None:
            starter.make(order)
        starter.be_ready()
    starter.end()
    core.close(1.0)


class _Starter:
    """Starts processes, the next one ahead of time."""

    def __init__(self, prepared: actor_process.Prepared, directory: str, start_method: str) -> None:
        self._prepared = prepared
        self._directory = directory
        self._method = start_method
        self._spare: Spare | None = None

    def make(self, order: MakeOrder) -> None:
        """Start the process of an order, and tell the Admin."""
        core = self._prepared.starter
        process = order[0]
        if self._prepared.keep_up():
            self.end()
        try:
            pid = self._start_program(order) or self._take_spare(order) or self._start(order)
        except OSError as error:
            thesplog("No process could be started: %s", error, level=logging.ERROR)
            core.failed("no-process", f"no process could be started: {error}", process)
            return
        core.forked(process, pid)
        core.watch_child(process, pid)

    def _start_program(self, order: MakeOrder) -> int | None:
        source = order[5]
        is_program = source is not None and source[2]
        return start_program(self._directory, self._prepared.starter.admin, order) if is_program else None

    def _take_spare(self, order: MakeOrder) -> int | None:
        spare, self._spare = self._spare, None
        return spare.pid if spare is not None and spare.become(order) else None

    def _start(self, order: MakeOrder) -> int:
        core = self._prepared.starter
        task = Task.ordered(self._directory, core.admin, order)
        return launching.start(self._method, task, Listening(self._directory, task.process), core, self._prepared)

    def be_ready(self) -> None:
        """Have a process ready for the next order."""
        if self._spare is None and self._method == "fork":
            # Without one the next order says what is wrong.
            with suppress(OSError):
                self._spare = Spare(self._prepared, self._directory)

    def end(self) -> None:
        """End what is ready."""
        if self._spare is not None:
            self._spare.end()
            self._spare = None
