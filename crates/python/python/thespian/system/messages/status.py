"""Asking actors and systems how they are, and showing the answer."""

from __future__ import annotations

import sys
from typing import IO, Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.status_text import ShowAddress, actor_text, system_text
from thespian.system.public import public
from thespian.system.sources import source_hash_of


@public
class Thespian_StatusReq(ActorSystemMessage):
    """Asks for the status of an actor or of the system; the system answers, not the actor itself."""


class Thespian__Status(ActorSystemMessage):
    """What actors and systems tell alike. The attributes are those of the keys that `details` may have."""

    def __init__(self, details: dict[str, Any] | None = None) -> None:
        given = details or {}
        self.pendingMessages: list[Any] = list(given.get("pendingMessages", ()))
        self.receivedMessages: list[Any] = list(given.get("receivedMessages", ()))
        self.pendingWakeups: list[Any] = list(given.get("pendingWakeups", ()))
        self.childActors: list[Any] = list(given.get("childActors", ()))
        self.governer: Any = given.get("governer")
        self.miscKeyVals: dict[str, Any] = dict(given.get("miscKeyVals", {}))
        self._pendingAddrCnts: dict[str, int] = dict(given.get("_pendingAddrCnts", {}))


@public
class Thespian_SystemStatus(Thespian__Status):
    """How an actor system is."""

    def __init__(self, adminAddress: Any, details: dict[str, Any] | None = None) -> None:
        super().__init__(details)
        given = details or {}
        self.adminAddress = adminAddress
        self.conventionLeader: Any = given.get("conventionLeader")
        self.capabilities: dict[str, Any] = dict(given.get("capabilities", {}))
        self.conventionRegisterTime: Any = given.get("conventionRegisterTime")
        self.conventionAttendees: list[Any] = list(given.get("conventionAttendees", ()))
        self.deadLetterHandler: Any = given.get("deadLetterHandler")
        self.deadLetterAddresses: list[Any] = list(given.get("deadLetterAddresses", ()))
        self.notifyAddresses: list[Any] = list(given.get("notifyAddresses", ()))
        self.globalActors: dict[str, Any] = dict(given.get("globalActors", {}))
        self.inShutdown: bool = bool(given.get("inShutdown", False))
        self.sourceAuthority: Any = given.get("sourceAuthority")
        self.loadedSources: list[Any] = list(given.get("loadedSources", ()))


@public
class Thespian_ActorStatus(Thespian__Status):
    """How an actor is."""

    def __init__(self, actorAddress: Any, actorClass: Any, details: dict[str, Any] | None = None) -> None:
        super().__init__(details)
        given = details or {}
        self.actorAddress = actorAddress
        # A text, as the class may be unknown to who asked.
        self.actorClass = class_text(actorClass)
        self.adminAddress: Any = given.get("adminAddress")
        self.parentAddress: Any = given.get("parentAddress")
        self.sourceHash: Any = given.get("sourceHash", _source_of(actorClass))
        self.exiting: Any = given.get("exiting", False)


def _source_of(actorClass: Any) -> str | None:
    return source_hash_of(actorClass) if isinstance(actorClass, type) else None


def class_text(actor_class: Any) -> str:
    """The name of a class, with that of its module."""
    if isinstance(actor_class, type):
        return f"{actor_class.__module__}.{actor_class.__qualname__}"
    return str(actor_class)


def status_message(details: dict[str, Any]) -> Thespian_SystemStatus | Thespian_ActorStatus:
    """The answer to a `Thespian_StatusReq` from what the core knows: with `actorAddress`, that of an actor."""
    if details.get("actorAddress") is None:
        return Thespian_SystemStatus(details.get("adminAddress"), details)
    return Thespian_ActorStatus(details["actorAddress"], details.get("actorClass"), details)


def status_text(response: Any, show: ShowAddress = str) -> str:
    """The text of a status."""
    if isinstance(response, Thespian_SystemStatus):
        return system_text(response, show)
    if isinstance(response, Thespian_ActorStatus):
        return actor_text(response, show)
    return f"Not a status response: {response}\n"


def formatStatus(response: Any, showAddress: ShowAddress = str, tofd: IO[str] | None = None) -> None:
    """Write the text of a status to `tofd`, or to the standard output."""
    (tofd or sys.stdout).write(status_text(response, showAddress))


__all__ = [
    "Thespian_ActorStatus",
    "Thespian_StatusReq",
    "Thespian_SystemStatus",
    "formatStatus",
    "status_message",
    "status_text",
]
