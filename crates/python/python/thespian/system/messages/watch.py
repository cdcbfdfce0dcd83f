"""Waiting for file descriptors along with messages."""

from __future__ import annotations

from typing import Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.public import public


@public
class ThespianWatch:
    """Returned by `receiveMessage` to be told when one of these descriptors becomes readable."""

    def __init__(self, filenos: list[Any]) -> None:
        self.filenos = filenos


@public
class WatchMessage(ActorSystemMessage):
    """Tells an actor which of the descriptors that it watches are readable."""

    def __init__(self, ready: list[Any]) -> None:
        self.ready = ready
