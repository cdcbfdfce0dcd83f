"""A process that was forked ahead of time, so that an actor need not wait for its fork."""

from __future__ import annotations

import marshal
import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from roscius._core import Listening

from thespian.system.processes import actor_process, launching, titles
from thespian.system.processes.task import Task

if TYPE_CHECKING:
    from roscius._core import MakeOrder

# An order that a pipe takes at once, whether the process reads or not.
_SHORT = 32 << 10
# How long the process may take to listen. One that takes longer was stopped by somebody.
_LISTEN_MILLISECONDS = 1000
_LISTENS = b"+"


class NotListening(OSError):
    """The process was told what it is to be, and cannot listen."""


class Spare:
    """The process. It ends when the one that it was forked from does, or has no use for it."""

    def __init__(self, prepared: actor_process.Prepared, directory: str) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()

        def wait() -> None:
            os.close(self._orders)
            os.close(self._answers)
            _wait(prepared, directory, orders, answers)

        self.pid = launching.fork(wait, prepared.starter, False)
        os.close(orders)
        os.close(answers)

    def become(self, order: MakeOrder) -> bool:
        """Let it be the process of an actor. Whether it is; if not, it is no more of use.

        Raises NotListening for what no other process could do either.
        """
        order_bytes = marshal.dumps(order)
        if len(order_bytes) > _SHORT:
            self.end()
            return False
        answer = b""
        with suppress(OSError):
            os.write(self._orders, order_bytes)
            os.close(self._orders)
            self._orders = -1
            waiter = select.poll()
            waiter.register(self._answers, select.POLLIN)
            if waiter.poll(_LISTEN_MILLISECONDS):
                answer = os.read(self._answers, _SHORT)
        if answer == _LISTENS:
            os.close(self._answers)
            return True
        self.end()
        if answer:
            raise NotListening(answer.decode())
        return False

    def end(self) -> None:
        """End it."""
        for end in (self._orders, self._answers):
            if end >= 0:
                os.close(end)
        with suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def _wait(prepared: actor_process.Prepared, directory: str, orders: int, answers: int) -> None:
    titles.set_title(f"spare {prepared.starter.admin}")
    with os.fdopen(orders, "rb") as pipe:
        order_bytes = pipe.read()
    if not order_bytes:
        return
    task = Task.ordered(directory, prepared.starter.admin, marshal.loads(order_bytes))
    try:
        listening = Listening(directory, task.process)
    except OSError as error:
        os.write(answers, str(error).encode())
        return
    os.write(answers, _LISTENS)
    os.close(answers)
    actor_process.main(task, listening, prepared)
