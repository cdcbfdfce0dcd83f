"""The instances of the actors that run in this process, by the detail of their address."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """What is known here of one actor."""

    instance: Any


class ActorRegistry:
    """Finds instances for tests and for checks of capabilities, without keeping any alive."""

    def __init__(self) -> None:
        self._instances: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def add(self, address: str, instance: Any) -> None:
        """Enter an actor, unless its address is that of one that is here already (under a global name)."""
        with contextlib.suppress(TypeError):  # a class with slots may not allow weak references
            self._instances.setdefault(address, instance)

    def replace(self, address: str, instance: Any) -> None:
        """Enter the new instance of an actor that is restarted."""
        with contextlib.suppress(TypeError):
            self._instances[address] = instance

    def __getitem__(self, address: str) -> ActorRecord:
        return ActorRecord(self._instances[address])

    def __contains__(self, address: object) -> bool:
        return address in self._instances

    def instances(self) -> Iterator[Any]:
        """The instances there are at this moment."""
        return iter(list(self._instances.values()))
