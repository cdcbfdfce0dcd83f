"""Messages about messages: poison, dead letters and wakeups."""

from __future__ import annotations

from typing import Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.public import public


@public
class PoisonMessage(ActorSystemMessage):
    """Comes back to the sender of a message that its receiver repeatedly failed to handle."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, poison: Any, details: str | None = None) -> None:
        self.poisonMessage = poison
        self.details = details

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PoisonMessage) and bool(self.poisonMessage == other.poisonMessage)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        details = f": {self.details}" if self.details else ""
        return f"Poison<{text_of(self.poisonMessage)}>{details}"


@public
class WakeupMessage(ActorSystemMessage):
    """Comes when the time that an actor gave to `wakeupAfter` is over."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, delayPeriod: Any, payload: Any = None) -> None:
        self.delayPeriod = delayPeriod
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, WakeupMessage)
            and bool(self.delayPeriod == other.delayPeriod)
            and bool(self.payload == other.payload)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return f"WakeupMessage({self.delayPeriod}, {self.payload})"


@public
class DeadEnvelope(ActorSystemMessage):
    """Brings a message that could not be delivered to the handler of dead letters."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, origTgt: Any, origMsg: Any) -> None:
        self.deadAddress = origTgt
        self.deadMessage = origMsg

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DeadEnvelope)
            and bool(self.deadAddress == other.deadAddress)
            and bool(self.deadMessage == other.deadMessage)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return f"DeadEnvelope({text_of(self.deadMessage)})->{self.deadAddress}"


def text_of(message: Any) -> str:
    """The text of a message, even of one that cannot make a text or that contains itself."""
    try:
        return str(message)
    except Exception:  # noqa: BLE001 - the text of a user's message may fail in any way
        return "<message>"
