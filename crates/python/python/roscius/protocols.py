"""Declared protocols: which messages an actor accepts."""

from __future__ import annotations

import logging
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.delivery import PoisonMessage

if TYPE_CHECKING:
    from roscius.actor import Actor

_Class = TypeVar("_Class", bound=type)
_HANDLER = "receiveMsg_"


def accepts(*message_types: type) -> Callable[[_Class], _Class]:
    """Class decorator: the actor accepts these messages, and those of the actor system. Others go back as PoisonMessage.

    Without types they are taken from the annotations of the handlers: of `receiveMsg_*`, or of `receiveMessage`.
    """
    wrong = [kind for kind in message_types if not isinstance(kind, type)]
    if wrong:
        raise TypeError(f"accepts() takes classes of messages, not {wrong[0]!r}")

    def decorate(cls: _Class) -> _Class:
        from roscius.actor import Actor

        if not issubclass(cls, Actor):
            raise TypeError(f"{cls.__name__} is no roscius.Actor, and cannot declare what it accepts")
        declared = message_types or tuple(_annotated(cls))
        if not declared:
            raise TypeError(f"{cls.__name__} has no handler whose message has an annotation")
        cls._roscius_accepts = declared
        return cls

    return decorate


def _annotated(cls: type) -> list[type]:
    handlers = [name for name in dir(cls) if name.startswith(_HANDLER)] or ["receiveMessage"]
    found: dict[type, None] = {}
    for name in handlers:
        handler = getattr(cls, name)
        parameters = list(handler.__code__.co_varnames[1 : handler.__code__.co_argcount])
        hint = typing.get_type_hints(handler).get(parameters[0]) if parameters else None
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        found.update((option, None) for option in options if isinstance(option, type) and option is not Any)
    return [kind for kind in found if not issubclass(kind, ActorSystemMessage)]


def protocol_of(actor_class: type) -> tuple[type, ...] | None:
    """The messages that a class of actors accepts; None if it has not declared them, and accepts all."""
    return getattr(actor_class, "_roscius_accepts", None)


def protocol_graph(*actor_classes: type) -> dict[str, Any]:
    """The protocols of these classes as a graph, in a form that `json.dumps` takes.

    `actors` has what each class accepts (None: everything), `messages` which of the classes accept a type.
    """
    actors = {_name(cls): _names(protocol_of(cls)) for cls in actor_classes}
    messages: dict[str, list[str]] = {}
    for actor, accepted in actors.items():
        for message in accepted or ():
            messages.setdefault(message, []).append(actor)
    return {"actors": actors, "messages": messages}


def _name(cls: type) -> str:
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def _names(classes: tuple[type, ...] | None) -> list[str] | None:
    return None if classes is None else [_name(cls) for cls in classes]


# What has been logged: a class of actors and a type that it does not accept.
_logged: set[tuple[type, type]] = set()


def refuse(actor: Actor, message: Any, sender: Any) -> None:
    """Send back a message that the actor does not accept."""
    cls, kind = type(actor), type(message)
    accepted = ", ".join(_names(protocol_of(cls)) or ())
    details = f"{_name(kind)} is not accepted by {_name(cls)} at {actor.myAddress}, which accepts {accepted}"
    if (cls, kind) not in _logged:
        _logged.add((cls, kind))
        logging.getLogger(str(cls)).error("%s", details, extra={"actorAddress": str(actor.myAddress)})
    actor.send(sender, PoisonMessage(message, details))
