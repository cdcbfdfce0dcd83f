# ruff: noqa: N999 - programs know the module by this name
"""The base without any concurrency: actors run in the thread of the caller, inside `tell`, `ask` and `listen`."""

from __future__ import annotations

from thespian.system.in_process import InProcessBase


class ActorSystemBase(InProcessBase):
    """All messages go through one queue, which `tell`, `ask` and `listen` work off."""

    core_base = "simple"
    system_name = "simpleSystem"
    system_version = 2

    def setProcessingLimit(self, limit: int) -> None:
        """Let a call fail with RuntimeError ('Too many sends') when it would handle more messages than this."""
        self._core.set_processing_limit(limit)

    def request_shutdown(self) -> None:
        """An actor of this base cannot: it runs inside a call of the code that would be shut down."""
        raise AttributeError(f"an actor cannot shut down a {self.system_name}")
