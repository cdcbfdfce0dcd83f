"""Actors that have a method for each type of message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from thespian.system.actor import Actor
from thespian.system.public import public


# Bounded, so that message classes made at run time are let go again.
@lru_cache(maxsize=1024)
def _handler_names(message_class: type) -> tuple[str, ...]:
    """The names of the methods that may handle a message of this class, the most specific first."""
    return tuple(f"receiveMsg_{cls.__name__}" for cls in message_class.__mro__)


@public
class ActorTypeDispatcher(Actor):
    """An actor that passes each message to its method `receiveMsg_<class of the message>`.

    Without one for the class of the message, those for its base classes are looked for. A method that returns
    `self.SUPER` passes the message on: to the same method of the actor's base classes, then to the methods for the
    base classes of the message. What nothing handles goes to `receiveUnrecognizedMessage`, if that is defined.
    """

    SUPER = hash("SUPER")

    def receiveMessage(self, msg: Any, sender: Any) -> Any:
        """Find the method for this message."""
        for name in _handler_names(type(msg)):  # type: ignore[arg-type]
            handler: Callable[[Any, Any], Any] | None = getattr(self, name, None)
            if handler is None:
                continue
            result = handler(msg, sender)
            if not self._passes_on(result):
                return result
            for inherited in self._inherited_handlers(name):
                result = inherited(msg, sender)
                if not self._passes_on(result):
                    return result
        unrecognized = getattr(self, "receiveUnrecognizedMessage", None)
        return None if unrecognized is None else unrecognized(msg, sender)

    def _passes_on(self, result: Any) -> bool:
        return isinstance(result, int) and result == self.SUPER

    def _inherited_handlers(self, name: str) -> Iterator[Callable[..., Any]]:
        """The definitions of a method in the base classes, each once, behind the one that is called first."""
        seen: list[Any] = []
        for cls in type(self).__mro__:
            defined = vars(cls).get(name)
            if defined is not None and defined not in seen:
                seen.append(defined)
        for defined in seen[1:]:
            yield defined.__get__(self, type(self))
