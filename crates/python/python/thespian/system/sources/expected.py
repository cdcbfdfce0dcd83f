"""What stands in for a child until it is known whether its source is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Verdict(NamedTuple):
    """It is decided whether a source is usable."""

    is_usable: bool


class Expected:
    """An actor to be. The core gives it the messages of the actor, and takes its results for what is to happen."""

    def __init__(self, make: Callable[[bool], tuple[Any, str | None] | None]) -> None:
        self._make = make

    def receiveMessage(self, msg: Any, sender: Any) -> Any:
        """None lets a message wait; an instance with its policy of restarts is the actor from now on; False is its end."""
        if not isinstance(msg, Verdict):
            return None
        return self._make(msg.is_usable) or False
