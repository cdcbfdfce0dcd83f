"""The quiet process that the actors of external code are forked from."""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING

from roscius._core import Listening, Process, start_program

from thespian.system.processes import actor_process, launching, signals, titles
from thespian.system.processes.task import StoredSource, Task
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
    while not core.is_over:
        core.turn(None)
        while (order := core.take_order()) is not None:
            prepared.keep_up()
            _make(prepared, directory, start_method, order)
    core.close(1.0)


def _make(prepared: actor_process.Prepared, directory: str, start_method: str, order: MakeOrder) -> None:
    core = prepared.starter
    process, birth, maker, name, spec, stored = order
    try:
        if stored is not None and stored[2]:
            pid = start_program(directory, core.admin, order)
        else:
            source = None if stored is None else StoredSource(*stored[:2])
            task = Task(directory, process, birth, core.admin, None, maker, name, spec, source=source)
            pid = launching.start(start_method, task, Listening(directory, process), core, prepared)
    except OSError as error:
        thesplog("No process could be started: %s", error, level=logging.ERROR)
        core.failed("no-process", f"no process could be started: {error}", process)
        return
    core.forked(process, pid)
    core.watch_child(process, pid)
