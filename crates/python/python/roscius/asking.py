"""Asking: a message and its one answer.

Every ask is sent from an address of its own, which is given up when the answer is there. So any actor can answer, by
sending to the sender, and an answer can never be taken for that to another ask: one that comes too late, or second, is a
dead letter.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from thespian.system.messages.delivery import PoisonMessage

if TYPE_CHECKING:
    from roscius._core import ActorAddress, Answers

_T = TypeVar("_T")


class AskError(Exception):
    """There is no answer."""


class AskFailed(AskError):
    """The actor failed on the message, or does not accept it."""

    def __init__(self, message: Any, details: str | None) -> None:
        super().__init__(details or "the actor failed on the message")
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[type[AskFailed], tuple[Any, str | None]]:
        return type(self), (self.message, self.details)


class AskTimedOut(AskError, TimeoutError):
    """The answer did not come in time. If it comes later it is a dead letter."""


class NoSuchActor(AskError):
    """The message reached nobody: the actor has exited before its turn, or never was."""


class Outcome(Generic[_T]):
    """What came of an ask: an answer, or an error that says why there is none."""

    def __init__(self, answer: _T | None = None, error: AskError | None = None) -> None:
        self._answer = answer
        self.error = error

    def answer(self) -> _T:
        """The answer; raises the error if there is none."""
        if self.error is not None:
            raise self.error
        return self._answer  # type: ignore[return-value]

    def __repr__(self) -> str:
        return f"Outcome(error={self.error!r})" if self.error else f"Outcome({self._answer!r})"


# Both get the number of the ask.
Deliver = Callable[[int, Outcome[Any]], None]
Send = Callable[[int], None]


def outcome_of(message: Any) -> Outcome[Any]:
    """The outcome of an ask that got this message back."""
    if isinstance(message, PoisonMessage):
        return Outcome(error=AskFailed(message.poisonMessage, message.details))
    return Outcome(message)


class Exchange:
    """The asks under way of one waiter. Whoever waits for the descriptor of `answers` calls `take_in`."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._waiting: dict[int, Deliver] = {}
        # For what arrives at an address that is no ask's.
        self.listener: Callable[[Any], None] = lambda _message: None

    def ask(self, send: Send, deliver: Deliver) -> int:
        """Have a message sent from a new address; `deliver` gets the outcome. Returns the number of the address."""
        ask = self.answers.open()
        self._waiting[ask] = deliver
        try:
            send(ask)
        except BaseException:
            self.forget(ask)
            raise
        return ask

    def forget(self, ask: int) -> None:
        """Give an ask up: nothing is delivered any more."""
        if self._waiting.pop(ask, None) is not None:
            self.answers.close(ask)

    def take_in(self) -> None:
        """Deliver what has arrived."""
        events = self.answers.take()
        try:
            for address, is_lost, message in events:
                deliver = self._waiting.pop(address, None)
                if deliver is None:
                    if not is_lost:
                        self.listener(message)
                    continue
                self.answers.close(address)
                nobody = Outcome[Any](error=NoSuchActor("nobody has the address"))
                deliver(address, nobody if is_lost else outcome_of(message))
        finally:
            self.answers.settle(len(events))

    def end(self) -> None:
        """End all asks: the system is shut down."""
        for ask, deliver in list(self._waiting.items()):
            self.forget(ask)
            deliver(ask, Outcome(error=AskError("the actor system has been shut down")))


_lock = threading.Lock()
# By the descriptor, which is unique as long as the answers are kept here.
_exchanges: dict[int, Exchange] = {}
# Of the processes that this one was forked from. They are never used, nor ended: that would wait for threads that are not here.
_former: list[dict[int, Exchange]] = []


def _forget() -> None:
    global _exchanges, _lock
    _former.append(_exchanges)
    _exchanges, _lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget)


def exchange_for(answers: Answers) -> Exchange:
    """The exchange that the actors of one system share. The event loop of the process takes in what arrives."""
    from roscius import event_loop

    descriptor = answers.fileno()
    with _lock:
        exchange = _exchanges.get(descriptor)
        if exchange is None:
            exchange = _exchanges[descriptor] = Exchange(answers)
            loop = event_loop.get()
            loop.call_soon_threadsafe(loop.add_reader, descriptor, exchange.take_in)
        return exchange


def close(answers: Answers) -> None:
    """End the exchange of a system that is shut down. The core calls this."""
    from roscius import event_loop

    descriptor = answers.fileno()
    with _lock:
        exchange = _exchanges.pop(descriptor, None)
    if exchange is not None:
        ended, loop = exchange, event_loop.get()

        def end() -> None:
            loop.remove_reader(descriptor)
            ended.end()

        loop.call_soon_threadsafe(end)


def check(address: ActorAddress, operation: str) -> None:
    """Raise for what is not an address."""
    from thespian.system.exceptions import InvalidActorAddress

    from roscius._core import ActorAddress

    if not isinstance(address, ActorAddress):
        raise InvalidActorAddress(address, f"not an address to {operation}")
