"""The actor system for programs that run on asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from thespian.system.actor_system import ActorSystem, base_named
from thespian.system.exceptions import ActorSystemException
from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.delivery import PoisonMessage
from thespian.system.messages.status import Thespian_ActorStatus, Thespian_SystemStatus
from thespian.system.timing import Period, secondsOrNone

from roscius import asking
from roscius.asking import AskTimedOut, Exchange, Outcome

if TYPE_CHECKING:
    from roscius._core import ActorAddress

_SEEN_OUTSIDE = (PoisonMessage, Thespian_ActorStatus, Thespian_SystemStatus)


class _Open:
    """What a system that is in use has."""

    def __init__(self, system: ActorSystem, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        self.system = system
        self.exchange = exchange
        self.loop = loop
        # The address that `tell` sends from, and that `listen` listens at.
        self.own = exchange.answers.open()
        self.received: asyncio.Queue[Any] = asyncio.Queue()
        self.is_closed = False


def _check(base: type) -> None:
    """Raise ActorSystemException for a base whose answers cannot be awaited."""
    if not hasattr(base, "open_answers"):
        raise ActorSystemException(f"the base {base.__module__} cannot be used with asyncio yet")


class AsyncActorSystem:
    """An actor system whose answers can be awaited.

    `async with AsyncActorSystem("threadSystemBase") as system:` starts it, and shuts it down at the end. It belongs to
    the event loop that started it, and never blocks that loop. The arguments are those of `ActorSystem`. The base
    `simpleSystemBase` gets a thread here, in which its actors run.
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
        if isinstance(wanted, str):
            _check(base_named(wanted))  # before a system is started in vain
        system = await asyncio.to_thread(ActorSystem, *self._arguments)
        base: Any = system._systemBase
        _check(type(base))
        loop = asyncio.get_running_loop()
        exchange = Exchange(base.open_answers())
        opened = self._open = _Open(system, exchange, loop)
        exchange.listener = lambda message: _listened(opened, message)
        loop.add_reader(exchange.answers.fileno(), exchange.take_in)
        threading.Thread(target=base.drive, name="roscius-drive", daemon=True).start()
        return self

    async def shutdown(self) -> None:
        """Shut the system down. Asks under way end with an error, and `listen` ends."""
        opened, self._open = self._open, None
        if opened is None:
            return
        await asyncio.to_thread(opened.system.shutdown)
        opened.loop.remove_reader(opened.exchange.answers.fileno())
        opened.exchange.end()
        opened.is_closed = True
        opened.received.put_nowait(None)

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
        system = self._opened().system
        return await asyncio.to_thread(system.createActor, actor_class, requirements, global_name, source_hash)

    def tell(self, address: ActorAddress, message: Any) -> None:
        """Send a message. What actors answer to it comes to `listen`."""
        asking.check(address, "tell")
        opened = self._opened()
        opened.exchange.answers.tell(opened.own, address, message)

    async def ask(self, address: ActorAddress, message: Any, timeout: Period | None = None) -> Any:
        """Send a message and wait for its answer. Any number of asks may be under way: each gets its own.

        Raises `AskFailed`, `NoSuchActor`, or `AskTimedOut`. It can be cancelled.
        """
        asking.check(address, "ask")
        exchange = self._opened().exchange
        future: asyncio.Future[Outcome[Any]] = asyncio.get_running_loop().create_future()

        def deliver(_ask: int, outcome: Outcome[Any]) -> None:
            if not future.done():
                future.set_result(outcome)

        ask = exchange.ask(lambda ask: exchange.answers.ask(ask, address, message), deliver)
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


def _listened(opened: _Open, message: Any) -> None:
    if not isinstance(message, ActorSystemMessage) or isinstance(message, _SEEN_OUTSIDE):
        opened.received.put_nowait(message)
