"""Asking actors and systems how they are, and showing the answer."""

from __future__ import annotations

from typing import Any, TextIO

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
        self.actorClass = actorClass
        self.adminAddress: Any = given.get("adminAddress")
        self.parentAddress: Any = given.get("parentAddress")
        self.sourceHash: Any = given.get("sourceHash", _source_of(actorClass))
        self.exiting: Any = given.get("exiting", False)


def _source_of(actorClass: Any) -> str | None:
    return source_hash_of(actorClass) if isinstance(actorClass, type) else None


def status_message(details: dict[str, Any]) -> Thespian_SystemStatus | Thespian_ActorStatus:
    """The answer to a `Thespian_StatusReq` from what the core knows: with `actorAddress`, that of an actor."""
    if details.get("actorAddress") is None:
        return Thespian_SystemStatus(details.get("adminAddress"), details)
    return Thespian_ActorStatus(details["actorAddress"], details.get("actorClass"), details)


def formatStatus(response: Any, showAddress: ShowAddress = str, tofd: TextIO | None = None) -> str:
    """The text of a status; it is also written to `tofd` if that is given."""
    if isinstance(response, Thespian_SystemStatus):
        text = system_text(response, showAddress)
    elif isinstance(response, Thespian_ActorStatus):
        text = actor_text(response, showAddress)
    else:
        text = f"Not a status response: {response}\n"
    if tofd is not None:
        tofd.write(text)
    return text


__all__ = [
    "Thespian_ActorStatus",
    "Thespian_StatusReq",
    "Thespian_SystemStatus",
    "formatStatus",
    "status_message",
]
