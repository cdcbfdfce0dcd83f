"""The errors an actor system raises to actors and to external code.

Each keeps its constructor's arguments as `args`, so that it pickles, and makes its text on demand.
"""

from __future__ import annotations

from typing import Any

from thespian.system.public import public


@public
class ActorSystemException(Exception):
    """The base of all errors of the actor system."""


@public
class InvalidActorAddress(ActorSystemException):
    """The address given is not one that can be used."""

    def __init__(self, addr: Any, desc: str, *args: Any, **kw: Any) -> None:
        self.args = (addr, desc, *args)
        self.actorAddress = addr
        self._text = f"{addr} is {desc}"

    def __str__(self) -> str:
        return self._text


# What such an exception says.
NO_SYSTEM = "No compatible ActorSystem could be found"


@public
class NoCompatibleSystemForActor(ActorSystemException):
    """No reachable actor system has the capabilities that the actor requires."""

    def __init__(self, actorClass: Any, msg: str, *args: Any, **kw: Any) -> None:
        self.args = (actorClass, msg, *args)
        self.actorClass = actorClass
        self._text = f"{msg} for Actor {actorClass}"

    def __str__(self) -> str:
        return self._text


@public
class InvalidActorSourceHash(ActorSystemException):
    """The source hash given does not belong to a loaded source."""

    def __init__(self, badHash: Any) -> None:
        self.args = (badHash,)
        self.sourceHash = badHash

    def __str__(self) -> str:
        return f"Source hash {self.sourceHash} does not match any loaded sources."


@public
class InvalidActorSpecification(ActorSystemException):
    """What was given as the class of an actor is no such thing."""

    def __init__(self, spec: Any, reason: Any = None) -> None:
        self.args = (spec, reason)
        self.actorSpecification = spec
        self.reason = reason

    def __str__(self) -> str:
        reason = "" if self.reason is None else f" ({self.reason})"
        return f"Invalid Actor Specification: {self.actorSpecification}{reason}"


@public
class ActorSystemFailure(ActorSystemException):
    """The actor system itself could not do what external code asked for."""


@public
class ActorSystemStartupFailure(ActorSystemFailure):
    """The actor system could not be started."""


@public
class ActorSystemRequestTimeout(ActorSystemFailure):
    """The actor system did not answer a request of external code in time."""
