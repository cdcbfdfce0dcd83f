"""Messages about actor sources that are loaded at run time."""

from __future__ import annotations

from typing import Any

from thespian.system.messages.base import ActorSystemMessage
from thespian.system.public import public


class _ByHash(ActorSystemMessage):
    """A message about a source; two of a kind are equal if they mean the same source."""

    __hash__ = None  # type: ignore[assignment]
    sourceHash: Any

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(self.sourceHash == other.sourceHash)

    def __ne__(self, other: object) -> bool:
        return not self == other


@public
class ValidateSource(_ByHash):
    """Asks the source authority whether a source may be used."""

    def __init__(self, sourceHash: Any, sourceData: Any, sourceInfo: Any = None) -> None:
        self.sourceHash = sourceHash
        self.sourceData = sourceData
        self.sourceInfo = sourceInfo


@public
class ValidatedSource(_ByHash):
    """The source authority's answer: the plain zip file, or None to reject the source."""

    def __init__(self, sourceHash: Any, sourceZip: Any, sourceInfo: Any = None) -> None:
        self.sourceHash = sourceHash
        self.sourceZip = sourceZip
        self.sourceInfo = sourceInfo


class _Availability(ActorSystemMessage):
    """A notice about a source; two are equal if their texts are."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, sourceHash: Any, sourceInfo: Any) -> None:
        self.sourceHash = sourceHash
        self.sourceInfo = sourceInfo

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActorSystemMessage) and str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __str__(self) -> str:
        name = type(self).__name__
        return f"{name}(sourceHash={self.sourceHash}, sourceInfo={self.sourceInfo})"


@public
class LoadedSource(_Availability):
    """Tells a watcher that a source can now be used."""


@public
class UnloadedSource(_Availability):
    """Tells a watcher that a source can no longer be used."""
