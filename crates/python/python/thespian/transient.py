"""Actors that exit by themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from thespian.actors import ActorExitRequest, ActorSystemMessage, WakeupMessage
from thespian.system.timing import currentTime

_Class = TypeVar("_Class", bound=type)

_DEFAULT_DELAY = timedelta(seconds=10)
_STATE = "_transient_state"
# A wakeup that comes this much early is on time: periods are rounded on their way.
_TOLERANCE = 0.001


class _State:
    """When an instance exits, and when the wakeup comes that was asked for last."""

    def __init__(self, due: float) -> None:
        self.due = due
        self.wakeup_at = due
        self.exiting = False


def transient(exit_delay: timedelta = _DEFAULT_DELAY) -> Callable[[_Class], _Class]:
    """Class decorator: the actor exits when this time has passed since its first message."""
    return _exiting(exit_delay, postponed_by_messages=False)


def transient_idle(exit_delay: timedelta = _DEFAULT_DELAY) -> Callable[[_Class], _Class]:
    """Class decorator: the actor exits when no message, but those of the system, has come for this time."""
    return _exiting(exit_delay, postponed_by_messages=True)


def _exiting(exit_delay: timedelta, postponed_by_messages: bool) -> Callable[[_Class], _Class]:
    if not isinstance(exit_delay, timedelta):
        raise TypeError(f"exit_delay must be a timedelta, not {exit_delay!r}")
    seconds = exit_delay.total_seconds()

    def decorate(cls: _Class) -> _Class:
        deliver = cls.receiveMessage  # type: ignore[attr-defined]

        @functools.wraps(deliver)
        def receiveMessage(self: Any, msg: Any, sender: Any) -> Any:
            now = currentTime()
            state = self.__dict__.get(_STATE)
            if state is None:
                state = self.__dict__[_STATE] = _State(now + seconds)
                self.wakeupAfter(exit_delay)
            elif postponed_by_messages and not isinstance(msg, ActorSystemMessage):
                state.due = now + seconds
            if isinstance(msg, WakeupMessage):
                _look_at_the_clock(self, state, now)
            return deliver(self, msg, sender)

        cls.receiveMessage = receiveMessage  # type: ignore[attr-defined]
        return cls

    return decorate


def _look_at_the_clock(actor: Any, state: _State, now: float) -> None:
    if state.exiting:
        return
    if now + _TOLERANCE >= state.due:
        state.exiting = True
        actor.send(actor.myAddress, ActorExitRequest())
    elif now + _TOLERANCE >= state.wakeup_at:
        # This was our own wakeup; others, which the actor asked for itself, must not breed more of ours.
        state.wakeup_at = state.due
        actor.wakeupAfter(timedelta(seconds=state.due - now))
