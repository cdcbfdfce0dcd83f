"""The class of actors that can do more."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from thespian.system.actor import Actor as ThespianActor
from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.delivery import WakeupMessage
from thespian.system.timing import Period, secondsOrNone

from roscius import asking, protocols
from roscius.asking import AskTimedOut, Outcome
from roscius.timers import Timer, Timers
from roscius.watching import Terminated

if TYPE_CHECKING:
    from roscius._core import ActorAddress

Continuation = Callable[[Outcome[Any]], Any]

# How many continuations are kept for the case that one failed and its answer is delivered again.
_KEPT = 32


class _Answered(ActorSystemMessage):
    """The outcome of an `ask_then`, on its way to the actor that asked."""

    def __init__(self, ask: int, outcome: Outcome[Any]) -> None:
        self.ask = ask
        self.outcome = outcome
        # Set when it has been delivered: if it comes again, the continuation has failed.
        self.is_taken = False


class _Overdue:
    """The payload of the wakeup that ends an `ask_then`."""

    def __init__(self, ask: int) -> None:
        self.ask = ask


class _Own:
    """What this package keeps of an actor. The class has no constructor, so that those of users need not call it."""

    def __init__(self, actor: Actor) -> None:
        self.timers = Timers(actor._reference)
        self.watched: set[str] = set()
        self.continuations: dict[int, tuple[Continuation, Timer | None]] = {}
        self.recent: OrderedDict[int, Continuation] = OrderedDict()


class Actor(ThespianActor):
    """A Thespian actor that can also wait, ask, watch, and declare what it accepts.

    `receiveMessage`, and the methods `receiveMsg_*` of an ActorTypeDispatcher, may be coroutines: `async def`. While one
    waits, its actor takes no other message. It runs on an event loop of asyncio that all actors of the process share,
    so it must not block. What it raises goes the same way as what other handlers raise.
    """

    _roscius_accepts: ClassVar[tuple[type, ...] | None] = None

    @property
    def _own(self) -> _Own:
        own: _Own | None = self.__dict__.get("_roscius_own")
        if own is None:
            own = self.__dict__["_roscius_own"] = _Own(self)
        return own

    # Asking

    async def ask(self, address: ActorAddress, message: Any, timeout: Period | None = None) -> Any:
        """Send a message and wait for its answer: what the other actor sends to the sender of the message.

        Raises `AskFailed`, `NoSuchActor`, or `AskTimedOut`. An actor that takes the message and never answers is
        waited for without end, unless there is a timeout.
        """
        import asyncio

        from roscius import event_loop

        asking.check(address, "ask")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome[Any]] = loop.create_future()

        def settle(outcome: Outcome[Any]) -> None:
            if not future.done():
                future.set_result(outcome)

        def deliver(_ask: int, outcome: Outcome[Any]) -> None:
            if event_loop.is_within(loop):
                settle(outcome)
            else:
                loop.call_soon_threadsafe(settle, outcome)

        exchange = asking.exchange_for(self._reference.answers())
        ask = exchange.ask(lambda ask: self._reference.ask(ask, address, message), deliver)
        try:
            async with asyncio.timeout(secondsOrNone(timeout)):
                outcome = await future
        except TimeoutError:
            raise AskTimedOut(f"no answer within {timeout}") from None
        finally:
            exchange.forget(ask)
        return outcome.answer()

    def ask_then(
        self,
        address: ActorAddress,
        message: Any,
        continuation: Continuation,
        timeout: Period | None = None,
    ) -> None:
        """Send a message and go on; `continuation` is called with the `Outcome`, between two other messages.

        For handlers that are no coroutines; the continuation may be one. What it raises counts as raised by the handler
        of a message that the actor sent to itself.
        """
        asking.check(address, "ask")
        reference, own = self._reference, self._own
        me = reference.address
        exchange = asking.exchange_for(reference.answers())

        def send(ask: int) -> None:
            # Before the message is sent, since the answer may come at once.
            deadline = None if timeout is None else self.wakeup(after=timeout, payload=_Overdue(ask))
            own.continuations[ask] = continuation, deadline
            try:
                reference.ask(ask, address, message)
            except BaseException:
                del own.continuations[ask]
                raise

        exchange.ask(send, lambda ask, outcome: reference.send(me, _Answered(ask, outcome)))

    # Time

    def wakeup(self, after: Period | None = None, every: Period | None = None, payload: Any = None) -> Timer:
        """Ask for a WakeupMessage after a period, or for one every period, or for both. The timer can be cancelled.

        Periodic wakeups come at fixed times; those that the actor is too busy for are left out.
        """
        return self._own.timers.start(after, every, payload)

    # Lives

    def watch(self, address: ActorAddress) -> None:
        """Ask for one `Terminated` when the actor ends; at once if it is not there."""
        asking.check(address, "watch")
        watched, key = self._own.watched, address.key()
        if key in watched:
            return
        watched.add(key)
        if not self._reference.watch(address):
            self.send(self.myAddress, Terminated(address, "unknown", "there is no actor with such an address"))

    def unwatch(self, address: ActorAddress) -> None:
        """Ask not to be told after all: no `Terminated` comes for this address any more."""
        asking.check(address, "unwatch")
        self._own.watched.discard(address.key())
        self._reference.unwatch(address)

    # Messages

    def _receive(self, msg: Any, sender: Any) -> Any:
        """Take a message. Bases call this, where it is defined, in place of `receiveMessage`."""
        if isinstance(msg, ActorSystemMessage):
            if isinstance(msg, _Answered):
                return self._continue(msg)
            if not self._is_wanted(msg):
                return None
        elif self._roscius_accepts is not None and not isinstance(msg, self._roscius_accepts):
            return protocols.refuse(self, msg, sender)
        return self.receiveMessage(msg, sender)

    def _is_wanted(self, msg: ActorSystemMessage) -> bool:
        if isinstance(msg, WakeupMessage):
            if not self._own.timers.ring(msg):
                return False
            if isinstance(msg.payload, _Overdue):
                self._give_up(msg.payload.ask)
                return False
        elif isinstance(msg, Terminated) and not msg._is_expected:
            key = msg.address.key()
            if key not in self._own.watched:
                return False
            self._own.watched.remove(key)
            msg._is_expected = True
        return True

    def _give_up(self, ask: int) -> None:
        """The time of an ask is over, unless its answer is here already."""
        if ask in self._own.continuations:
            asking.exchange_for(self._reference.answers()).forget(ask)
            self.send(self.myAddress, _Answered(ask, Outcome(error=AskTimedOut("no answer in time"))))

    def _continue(self, answered: _Answered) -> Any:
        own = self._own
        if answered.is_taken:
            continuation = own.recent.get(answered.ask)
        else:
            answered.is_taken = True
            # There is none after a restart, or when the answer came together with the deadline.
            continuation, deadline = own.continuations.pop(answered.ask, (None, None))
            if deadline is not None:
                deadline.cancel()
            if continuation is not None:
                own.recent[answered.ask] = continuation
                if len(own.recent) > _KEPT:
                    own.recent.popitem(last=False)
        return None if continuation is None else continuation(answered.outcome)
