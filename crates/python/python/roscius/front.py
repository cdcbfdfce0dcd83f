"""What an event loop has of an actor system."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from roscius._core import ActorAddress, Answers, System

Creation = tuple[Any, dict[str, Any] | None, str | None, str | None]


class Front(Protocol):
    """The part of a system for who waits on an event loop. Bases make them."""

    answers: Answers

    def stir(self) -> None:
        """Something was sent."""

    async def create(self, creation: Creation) -> ActorAddress:
        """Create a top-level actor from its class, requirements, global name and source hash."""

    async def shutdown(self) -> None:
        """Prepare for the shutdown, so that it does not block the loop."""


class ThreadFront:
    """The front of a system in this process, whose actors have a thread, or get one here."""

    def __init__(self, base: Any, core: System) -> None:
        self.answers = core.answers()
        self._base = base
        threading.Thread(target=core.drive, name="roscius-drive", daemon=True).start()

    def stir(self) -> None:
        """Something was sent: the actors have been told."""

    async def create(self, creation: Creation) -> ActorAddress:
        """Create a top-level actor. Its constructor may take its time."""
        actor: ActorAddress = await asyncio.to_thread(self._base.create_actor, *creation)
        return actor

    async def shutdown(self) -> None:
        """End all actors, in another thread."""
        await asyncio.to_thread(self._base.shutdown)
