"""Messages about the life of actors."""

from __future__ import annotations

from typing import Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.public import public


@public
class ActorExitRequest(ActorSystemMessage):
    """Tells an actor to exit, and its children too unless the request is made non-recursive."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, recursive: bool = True) -> None:
        self._recursive = recursive

    @property
    def isRecursive(self) -> bool:
        """Whether the children of the actor exit as well."""
        return self._recursive

    def notRecursive(self) -> None:
        """Let the children of the actor live on."""
        self._recursive = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActorExitRequest)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return "ActorExitRequest"


@public
class ChildActorExited(ActorSystemMessage):
    """Tells an actor that one of its children is gone."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, childAddress: Any) -> None:
        self.childAddress = childAddress

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ChildActorExited) and bool(self.childAddress == other.childAddress)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        return f"ChildActorExited:{self.childAddress}"
