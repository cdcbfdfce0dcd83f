"""Messages about other actor systems."""

from __future__ import annotations

from typing import Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.public import public


@public
class ActorSystemConventionUpdate(ActorSystemMessage):
    """Tells a watcher that another actor system has joined or left the convention."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, adminAddress: Any, capabilities: Any = None, added: bool = True) -> None:
        self.remoteAdminAddress = adminAddress
        self.remoteCapabilities = capabilities
        self.remoteAdded = added

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ActorSystemConventionUpdate)
            and bool(self.remoteAdminAddress == other.remoteAdminAddress)
            and bool(self.remoteCapabilities == other.remoteCapabilities)
            and bool(self.remoteAdded == other.remoteAdded)
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        # The closing parenthesis is missing in the original, too; logs are compared with it.
        return (
            f"ActorSystemConventionUpdate(remoteAdminAddress={self.remoteAdminAddress}, "
            f"remoteAdded={self.remoteAdded}, remoteCapabilities={self.remoteCapabilities}"
        )
