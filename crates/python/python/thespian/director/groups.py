"""What the Director knows of its groups: how their actors are started, which sources are loaded, and what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class BadDefinition(ValueError):
    """What defines a group is not as it should be."""


@dataclass(frozen=True)
class ActorPlan:
    """An actor that each source of a group is to have running."""

    class_name: str
    role: str | None = None
    global_name: str | None = None
    on_load: Any = None
    on_deactivate: Any = None
    on_reactivate: Any = None


@dataclass
class RunningActor:
    """An actor of a loaded source. It has no address when it has ended or could not be started."""

    plan: ActorPlan
    address: Any = None
    started: datetime = field(default_factory=datetime.now)
    # It is one of an older source, which has the name that a new one is to get.
    is_of_older_source: bool = False


@dataclass
class LoadedVersion:
    """A source of a group that has been loaded."""

    source_hash: str
    auto_unload: bool | int
    plans: tuple[ActorPlan, ...]
    actors: list[RunningActor] = field(default_factory=list)


@dataclass
class Group:
    """The sources of a group that are loaded, the oldest first, and what applies to the next."""

    plans: tuple[ActorPlan, ...] = ()
    auto_unload: bool | int = False
    versions: list[LoadedVersion] = field(default_factory=list)
    active: LoadedVersion | None = None

    def define(self, message: Mapping[Any, Any]) -> None:
        """Take a DefineGroup message, for sources that are loaded from now on. Raises `BadDefinition`."""
        auto_unload = message.get("AutoUnload") or False
        if not isinstance(auto_unload, int):
            raise BadDefinition(f"AutoUnload is True, False or a number, not {auto_unload!r}")
        actors = message.get("Actors") or {}
        if not isinstance(actors, Mapping):
            raise BadDefinition(f"Actors has the names of classes with what is to be done with them, not {actors!r}")
        self.plans = tuple(_plan(name, events) for name, events in actors.items())
        self.auto_unload = auto_unload

    def version(self, source_hash: str | None) -> LoadedVersion | None:
        """The loaded source with this hash."""
        return next((each for each in self.versions if each.source_hash == source_hash), None)

    def superfluous(self) -> Iterator[LoadedVersion]:
        """The sources that are to be unloaded because a newer one was."""
        kept = 1
        for version in reversed(self.versions[:-1]):
            limit = version.auto_unload
            if limit if isinstance(limit, bool) else kept >= limit:
                yield version
            else:
                kept += 1


def _plan(class_name: Any, events: Any) -> ActorPlan:
    """What is said about one class. Something empty counts as not said."""
    if not isinstance(class_name, str) or not isinstance(events or {}, Mapping):
        raise BadDefinition(f"in Actors, {class_name!r} is no name of a class with a dictionary")

    def event(name: str) -> Mapping[Any, Any]:
        found = (events or {}).get(name) or {}
        if not isinstance(found, Mapping):
            raise BadDefinition(f"{name} of {class_name} is no dictionary")
        return found

    on_load = event("OnLoad")
    return ActorPlan(
        class_name,
        on_load.get("Role") or None,
        on_load.get("GlobalName") or None,
        on_load.get("Message") or None,
        event("OnDeactivate").get("Message") or None,
        event("OnReactivate").get("Message") or None,
    )
