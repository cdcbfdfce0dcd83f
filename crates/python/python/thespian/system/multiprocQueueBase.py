# ruff: noqa: N999 - programs know the module by this name
"""The base whose actors are processes that live as long as the program that started them."""

from __future__ import annotations

import os

from thespian.system.process_base import ProcessBase
from thespian.system.processes.starting import SystemPlace


class ActorSystemBase(ProcessBase):
    """Actors are processes. The system belongs to one program, and ends with it."""

    system_name = "multiprocQueueBase"
    system_version = 1
    _started = 0

    def _place(self) -> SystemPlace:
        self.capabilities.setdefault("Admin Address", "ThespianQ")
        # Nobody else may find it, so its name is of this process alone.
        ActorSystemBase._started += 1
        return SystemPlace("queue", f"{os.getpid()}-{ActorSystemBase._started}")
