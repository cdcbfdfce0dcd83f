"""The news that an actor has ended."""

from __future__ import annotations

from typing import Literal

from thespian.system.messages.base import ActorSystemMessage

from roscius._core import ActorAddress

Reason = Literal["stopped", "requested", "parent ended", "shutdown", "failed", "unknown"]


class Terminated(ActorSystemMessage):
    """An actor that this one watches has ended. The reason is "unknown" if it was not there to begin with."""

    def __init__(self, address: ActorAddress, reason: Reason, details: str = "") -> None:
        self.address = address
        self.reason: Reason = reason
        self.details = details
        # Set when the watcher has looked at it, so that it is handled again when the handler fails.
        self._is_expected = False

    def __str__(self) -> str:
        return f"Terminated({self.address}, {self.reason})"
