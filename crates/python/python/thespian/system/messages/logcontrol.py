"""Messages about the system's own log."""

from __future__ import annotations

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.thesplog import DEFAULT_MAXIMUM_SIZE, thesplog_control


class SetLogging(ActorSystemMessage):
    """Sets what the process of an actor writes to thesplog; the system takes it, not the actor itself."""

    def __init__(self, threshold: int, useLogging: bool, useFile: bool) -> None:
        self.threshold = threshold
        self.useLogging = useLogging
        self.useFile = useFile

    def apply(self) -> None:
        """Do it, in this process."""
        thesplog_control(self.threshold, self.useLogging, DEFAULT_MAXIMUM_SIZE if self.useFile else 0)
