"""The actor system for programs that run on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from thespian.system.actor_system import ActorSystem, base_named
from thespian.system.exceptions import ActorSystemException
from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.delivery import PoisonMessage
from thespian.system.messages.status import Thespian_ActorStatus, Thespian_SystemStatus
from thespian.system.process_base import ProcessBase
from thespian.system.timing import Period, secondsOrNone

from roscius import asking
from roscius.asking import AskTimedOut, Exchange, Outcome

if TYPE_CHECKING:
    from roscius._core import ActorAddress
    from roscius.front import Front

_SEEN_OUTSIDE = (PoisonMessage, Thespian_ActorStatus, Thespian_SystemStatus)


class _Open:
    """What a system that is in use has."""

    def __init__(self, system: ActorSystem, loop: asyncio.AbstractEventLoop) -> None:
        base: Any = system._systemBase
        self.system = system
        self.front: Front = base.open_front(loop, self.end)
        self.exchange = Exchange(self.front.answers)
        self.exchange.listener = self._listened
        # The address that `tell` sends from, and that `listen` listens at.
        self.own = self.exchange.answers.open()
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.is_closed = False
        self._loop = loop
        loop.add_reader(self.exchange.answers.fileno(), self.exchange.take_in)

    def _listened(self, message: Any) -> None:
        if not isinstance(message, ActorSystemMessage) or isinstance(message, _SEEN_OUTSIDE):
            self.received.put_nowait(message)

    def end(self) -> None:
        """The system has ended: so have the asks under way, and `listen`."""
        if not self.is_closed:
            self.is_closed = True
            self._loop.remove_reader(self.exchange.answers.fileno())
            # What came before is not lost.
            self.exchange.take_in()
            self.exchange.end()
            self.received.put_nowait(None)


class AsyncActorSystem:
    """An actor system whose answers can be awaited.

    `async with AsyncActorSystem("threadSystemBase") as system:` starts it, and shuts it down at the end. It belongs to
    the event loop that started it, and never blocks that loop. The arguments are those of `ActorSystem`. The base
    `simpleSystemBase` gets a thread here, in which its actors run. On the bases of processes there is no thread: the loop
    watches the links. To start such a system means to fork, which blocks the loop for a moment.
    """

    def __init__(
        self,
        systemBase: Any = None,
        capabilities: dict[str, Any] | None = None,
        logDefs: dict[str, Any] | bool | None = None,
        transientUnique: bool = False,
    ) -> None:
        self._arguments = (systemBase, capabilities, logDefs, transientUnique)
        self._open: _Open | None = None

    async def start(self) -> Self:
        """Start the system, or connect to the one that this process already uses."""
        if self._open is not None:
            return self
        wanted = self._arguments[0]
        base = base_named(wanted) if isinstance(wanted, str) else wanted
        if isinstance(base, type) and issubclass(base, ProcessBase):
            # Here, and in no other thread: it forks.
            system = ActorSystem(*self._arguments)
        else:
            system = await asyncio.to_thread(ActorSystem, *self._arguments)
        self._open = _Open(system, asyncio.get_running_loop())
        return self

    async def shutdown(self) -> None:
        """Shut the system down. Asks under way end with an error, and `listen` ends."""
        opened, self._open = self._open, None
        if opened is None:
            return
        await opened.front.shutdown()
        opened.end()
        opened.system.shutdown()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shutdown()

    async def create_actor(
        self,
        actor_class: Any,
        requirements: dict[str, Any] | None = None,
        global_name: str | None = None,
        source_hash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor from its class, or from the qualified name of it."""
        return await self._opened().front.create((actor_class, requirements, global_name, source_hash))

    def tell(self, address: ActorAddress, message: Any) -> None:
        """Send a message. What actors answer to it comes to `listen`."""
        asking.check(address, "tell")
        opened = self._opened()
        opened.exchange.answers.tell(opened.own, address, message)
        opened.front.stir()

    async def ask(self, address: ActorAddress, message: Any, timeout: Period | None = None) -> Any:
        """Send a message and wait for its answer. Any number of asks may be under way: each gets its own.

        Raises `AskFailed`, `NoSuchActor`, or `AskTimedOut`. It can be cancelled.
        """
        asking.check(address, "ask")
        opened = self._opened()
        exchange = opened.exchange
        future: asyncio.Future[Outcome[Any]] = asyncio.get_running_loop().create_future()

        def deliver(_ask: int, outcome: Outcome[Any]) -> None:
            if not future.done():
                future.set_result(outcome)

        ask = exchange.ask(lambda ask: exchange.answers.ask(ask, address, message), deliver)
        opened.front.stir()
        try:
            async with asyncio.timeout(secondsOrNone(timeout)):
                outcome = await future
        except TimeoutError:
            raise AskTimedOut(f"no answer within {timeout}") from None
        finally:
            exchange.forget(ask)
        return outcome.answer()

    async def listen(self) -> AsyncIterator[Any]:
        """The messages that come to the address of this object, until the system is shut down."""
        opened = self._opened()
        while True:
            message = await opened.received.get()
            if opened.is_closed and opened.received.empty():
                # Others may be listening too.
                opened.received.put_nowait(None)
                return
            yield message

    def _opened(self) -> _Open:
        if self._open is None:
            raise ActorSystemException("this AsyncActorSystem has not been started, or has been shut down")
        return self._open
