# ruff: noqa: N999 - programs know the module by this name
"""The base whose actors are processes, and whose systems reach each other by TCP."""

from __future__ import annotations

from thespian.system.network_place import place_of
from thespian.system.process_base import ProcessBase
from thespian.system.processes.starting import SystemPlace


class ActorSystemBase(ProcessBase):
    """Actors are processes. The system lives until it is shut down, and is found by its port."""

    system_name = "multiprocTCPBase"
    system_version = 2

    def _place(self) -> SystemPlace:
        return place_of("tcp", 1900, self.capabilities)
