# ruff: noqa: N999 - programs know the module by this name
"""The base whose actors run on a few threads of the program."""

from __future__ import annotations

import threading
from typing import Any

from thespian.system.capability import fits
from thespian.system.in_process import InProcessBase
from thespian.system.messages.lifecycle import ActorExitRequest


class ActorSystemBase(InProcessBase):
    """Actors run beside the program, each on one thread at a time."""

    core_base = "threads"
    system_name = "threadSystemBase"
    system_version = 1

    def update_capability(self, name: str, value: Any) -> None:
        """Set or remove a capability; actors that then may not run here any more are told to exit."""
        unset = object()
        before = self.capabilities.get(name, unset)
        super().update_capability(name, value)
        if self.capabilities.get(name, unset) == before:
            return
        for actor in self.actorRegistry.instances():
            if not self._may_stay(actor):
                self.endpoint.tell(actor.myAddress, ActorExitRequest())

    def _may_stay(self, actor: Any) -> bool:
        try:
            return fits(type(actor), self.capabilities, actor._actor_requirements)
        except Exception:  # noqa: BLE001 - a check that fails is a check that does not pass
            return False

    def _uses_source(self, sourceHash: str) -> bool:
        return any(actor._actor_source == sourceHash for actor in self.actorRegistry.instances())

    def request_shutdown(self) -> None:
        """Shut down from a thread of its own: an actor cannot wait for its own end."""
        threading.Thread(target=self.shutdown, name="thespian-shutdown", daemon=True).start()
