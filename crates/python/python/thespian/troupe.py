"""Actors that spread their work over several instances of themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from thespian.actors import ActorSystemMessage
from thespian.system.troupe_leader import (
    DISMISS_EXTRA_PERIOD,
    TroupeLeader,
    TroupeWork,
    TroupeWorkDone,
    UpdateTroupeSettings,
)

_Class = TypeVar("_Class", bound=type)

_LEADER = "_troupe_leader"
_MY_LEADER = "_troupe_my_leader"


def troupe(max_count: int = 10, idle_count: int = 2) -> Callable[[_Class], _Class]:
    """Class decorator: an instance that gets a message has it handled by workers, of its own class, that it creates.

    There are at most `max_count` workers, of which about `idle_count` are kept when there is nothing to do. A worker
    that sets `self.troupe_work_in_progress` to True gets no more work until it sets it to False again.
    """

    def decorate(cls: _Class) -> _Class:
        work = cls.receiveMessage  # type: ignore[attr-defined]

        @functools.wraps(work)
        def receiveMessage(self: Any, msg: Any, sender: Any) -> Any:
            state = self.__dict__
            leader: TroupeLeader | None = state.get(_LEADER)
            if leader is not None:
                leader.receive(msg, sender)
                return None
            if isinstance(msg, TroupeWork):
                state[_MY_LEADER] = sender
                return _work_on(self, work, msg.message, msg.sender)
            if _MY_LEADER in state:
                if state.get("troupe_work_in_progress"):
                    return _work_on(self, work, msg, sender)
                return work(self, msg, sender)
            if isinstance(msg, ActorSystemMessage):
                return work(self, msg, sender)
            leader = state[_LEADER] = TroupeLeader(self, max_count, idle_count)
            leader.receive(msg, sender)
            return None

        cls.receiveMessage = receiveMessage  # type: ignore[attr-defined]
        if not hasattr(cls, "troupe_work_in_progress"):
            cls.troupe_work_in_progress = False  # type: ignore[attr-defined]
        return cls

    return decorate


def _work_on(worker: Any, work: Callable[..., Any], msg: Any, sender: Any) -> Any:
    """Handle a message as a worker and tell the leader when the work is done."""
    result = work(worker, msg, sender)
    if not getattr(worker, "troupe_work_in_progress", False):
        worker.send(getattr(worker, _MY_LEADER), TroupeWorkDone())
    return result


__all__ = ["DISMISS_EXTRA_PERIOD", "UpdateTroupeSettings", "troupe"]
