"""Actors that first wait for messages which complete them."""

from __future__ import annotations

import functools
import logging
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from thespian.actors import ActorSystemMessage, PoisonMessage

_Class = TypeVar("_Class", bound=type)

_log = logging.getLogger(__name__)

_STATE = "_initializing_messages"


class _Expected(NamedTuple):
    """A message that the actor waits for, and where it is kept."""

    attribute: str
    message_type: type
    with_sender: bool


class _State:
    """How far one instance is."""

    def __init__(self, expected: Sequence[_Expected]) -> None:
        self.missing = {each.attribute for each in expected}
        self.complete = False
        self.queued: list[tuple[Any, Any]] = []


def initializing_messages(
    initset: Sequence[tuple[Any, ...]], initdone: str | None = None, init_passthru: bool = False
) -> Callable[[_Class], _Class]:
    """Class decorator: the actor gets no other message before one of each type in `initset` has come.

    `initset` holds `(attribute, type)` or `(attribute, type, True)`. A message of the type becomes the attribute
    and, with True, its sender becomes `attribute_sender`; the last one counts. Then the method named by `initdone` is
    called, and the messages that came meanwhile are delivered. Messages of the actor system are delivered at
    once, and with `init_passthru` all are.

    It stands above `transient` and `transient_idle`.
    """
    expected = [
        _Expected(attribute, message_type, bool(rest and rest[0])) for attribute, message_type, *rest in initset
    ]

    def decorate(cls: _Class) -> _Class:
        deliver = cls.receiveMessage  # type: ignore[attr-defined]

        @functools.wraps(deliver)
        def receiveMessage(self: Any, msg: Any, sender: Any) -> Any:
            state = self.__dict__.get(_STATE)
            if state is None:
                state = self.__dict__[_STATE] = _State(expected)
            if state.complete:
                return deliver(self, msg, sender)
            matched = [each for each in expected if isinstance(msg, each.message_type)]
            for each in matched:
                setattr(self, each.attribute, msg)
                if each.with_sender:
                    setattr(self, f"{each.attribute}_sender", sender)
                state.missing.discard(each.attribute)
            if not state.missing:
                # Should initdone fail, this message is delivered again and nothing is lost.
                _complete(self, initdone)
                state.complete = True
                result = deliver(self, msg, sender) if init_passthru else None
                _deliver_queued(self, deliver, state)
                return result
            if init_passthru or (not matched and isinstance(msg, ActorSystemMessage)):
                return deliver(self, msg, sender)
            if not matched:
                state.queued.append((msg, sender))
            return None

        cls.receiveMessage = receiveMessage  # type: ignore[attr-defined]
        return cls

    return decorate


def _complete(actor: Any, initdone: str | None) -> None:
    if initdone is None:
        return
    method = getattr(actor, initdone, None)
    if method is None:
        _log.warning("%s has no method %s to call when it is initialized", actor, initdone)
    else:
        method()


def _deliver_queued(actor: Any, deliver: Callable[..., Any], state: _State) -> None:
    """Deliver what came too early. A failure there concerns that message only, and its sender is told."""
    queued, state.queued = state.queued, []
    for msg, sender in queued:
        try:
            deliver(actor, msg, sender)
        except Exception:  # noqa: BLE001 - the same as the system does for a message of its own
            _log.exception("%s failed on a message that had waited for its initialization", actor)
            actor.send(sender, PoisonMessage(msg, traceback.format_exc()))
