"""An event loop that drives the part of this program in a system of processes. No thread is started."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from thespian.system import process_base
from thespian.system.exceptions import InvalidActorSpecification

from roscius._core import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from thespian.system.processes.actor_host import Creation as ProcessCreation

    from roscius._core import ActorAddress, Process
    from roscius.front import Creation


class ProcessFront:
    """The front of a system of processes: the loop watches its links."""

    def __init__(self, base: Any, core: Process, loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
        self.answers = core.answers()
        self._base = base
        self._core = core
        self._loop = loop
        self._ended = ended
        self._requests: dict[int, asyncio.Future[ActorAddress | None]] = {}
        self._next: asyncio.Handle | None = None
        self._descriptor = core.fileno()
        self._is_open = True
        loop.add_reader(self._descriptor, self._turn)
        self.stir()

    def stir(self) -> None:
        """Something was sent, and perhaps something is due before the links have news."""
        if self._next is None and self._is_open:
            self._next = self._loop.call_soon(self._turn)

    async def create(self, creation: Creation) -> ActorAddress:
        """Create a top-level actor."""
        actor_class, _requirements, global_name, source_hash = creation
        try:
            return await self._create(process_base.creation_of(*creation), actor_class, source_hash)
        except (InvalidActorSpecification, ImportError):
            in_rust = self._base.creation_in_rust(actor_class, global_name, source_hash)
            if in_rust is None:
                raise
            return await self._create(in_rust, actor_class, source_hash)

    async def _create(self, creation: ProcessCreation, actor_class: Any, source_hash: str | None) -> ActorAddress:
        with process_base.creating(actor_class, source_hash):
            try:
                return await self._created(creation)
            except Refused as refusal:
                self._base.make_up_for(refusal, creation)
            return await self._created(creation)

    async def _created(self, creation: ProcessCreation) -> ActorAddress:
        actor = await self._answer(self._core.begin_create(*creation), process_base.CREATE_SECONDS)
        assert actor is not None
        return actor

    async def shutdown(self) -> None:
        """Shut the system down. What is left to do then takes no time."""
        if not self._base.is_shut_down and not self._core.is_over:
            try:
                await self._answer(self._core.begin_shutdown(), self._base.shutdown_seconds)
            except OSError:  # a timeout is one too
                self._base.shutdown_seconds = 0.0
        self._close()

    async def _answer(self, request: int, within: float) -> ActorAddress | None:
        """What the Admin answers to a request."""
        future = self._requests[request] = self._loop.create_future()
        self.stir()
        try:
            async with asyncio.timeout(within):
                actor: ActorAddress | None = await future
            return actor
        finally:
            del self._requests[request]
            self._core.give_up(request)

    def _turn(self) -> None:
        """Take in what came, and send what waits."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        try:
            self._core.turn(0.0)
        except OSError as error:
            self._loop.call_exception_handler({"message": "the links of an actor system fail", "exception": error})
            self._close()
            self._ended()
            return
        for request, future in self._requests.items():
            self._settle(request, future)
        if self._core.is_over:
            self._close()
            self._ended()
            return
        pause = self._core.pause()
        if pause is not None:
            self._next = self._loop.call_later(pause, self._turn)

    def _settle(self, request: int, future: asyncio.Future[ActorAddress | None]) -> None:
        if future.done():
            return
        try:
            is_answered, actor = self._core.answered(request)
        except (Refused, OSError) as error:
            future.set_exception(error)
        else:
            if is_answered:
                future.set_result(actor)

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._descriptor)
            if self._next is not None:
                self._next.cancel()
