"""All that programs need to write actors: `from thespian.actors import *`."""

from __future__ import annotations

from roscius._core import ActorAddress

from thespian.system.actor import Actor
from thespian.system.actor_system import ActorSystem
from thespian.system.capability import requireCapability
from thespian.system.dispatcher import ActorTypeDispatcher
from thespian.system.exceptions import (
    ActorSystemException,
    ActorSystemFailure,
    ActorSystemRequestTimeout,
    ActorSystemStartupFailure,
    InvalidActorAddress,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
)
from thespian.system.messages.base import ActorSystemMessage
from thespian.system.messages.convention import ActorSystemConventionUpdate
from thespian.system.messages.delivery import DeadEnvelope, PoisonMessage, WakeupMessage
from thespian.system.messages.lifecycle import ActorExitRequest, ChildActorExited
from thespian.system.messages.sources import (
    LoadedSource,
    UnloadedSource,
    ValidatedSource,
    ValidateSource,
)
from thespian.system.messages.status import (
    Thespian_ActorStatus,
    Thespian_StatusReq,
    Thespian_SystemStatus,
)
from thespian.system.messages.watch import ThespianWatch, WatchMessage
from thespian.system.system_capabilities import ThespianGeneration

__all__ = [
    "Actor",
    "ActorAddress",
    "ActorExitRequest",
    "ActorSystem",
    "ActorSystemConventionUpdate",
    "ActorSystemException",
    "ActorSystemFailure",
    "ActorSystemMessage",
    "ActorSystemRequestTimeout",
    "ActorSystemStartupFailure",
    "ActorTypeDispatcher",
    "ChildActorExited",
    "DeadEnvelope",
    "InvalidActorAddress",
    "InvalidActorSourceHash",
    "InvalidActorSpecification",
    "LoadedSource",
    "NoCompatibleSystemForActor",
    "PoisonMessage",
    "ThespianGeneration",
    "ThespianWatch",
    "Thespian_ActorStatus",
    "Thespian_StatusReq",
    "Thespian_SystemStatus",
    "UnloadedSource",
    "ValidateSource",
    "ValidatedSource",
    "WakeupMessage",
    "WatchMessage",
    "requireCapability",
]
