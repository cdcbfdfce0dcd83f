"""Test cases in the manner of `unittest`."""

from __future__ import annotations

import unittest
from typing import Any

from thespian.actors import Actor, ActorSystem
from thespian.test.log_setup import simpleActorTestLogging

_BEST_FOR_BASE = "BestForBase"


class LocallyManagedActorSystem:
    """Starts the actor system of this process with the base that a test wants."""

    currentBase: str

    def setSystemBase(
        self,
        newBase: str = "simpleSystemBase",
        systemCapabilities: dict[str, Any] | None = None,
        logDefs: Any = _BEST_FOR_BASE,
    ) -> None:
        """Start a system of this base in place of the one there is, unless that has this base already."""
        if getattr(self, "currentBase", None) == str(newBase):
            return
        if logDefs == _BEST_FOR_BASE:
            logDefs = simpleActorTestLogging() if newBase.startswith("multiproc") else False
        ActorSystem(logDefs=logDefs).shutdown()
        ActorSystem(newBase, systemCapabilities, logDefs=logDefs)
        self.currentBase = str(newBase)


class ActorSystemTestCase(unittest.TestCase, LocallyManagedActorSystem):
    """Has an actor system during each test: a simple one, unless `setSystemBase` is called."""

    def setUp(self) -> None:
        """Start the system."""
        if not hasattr(self, "currentBase"):
            self.setSystemBase()

    def tearDown(self) -> None:
        """Shut the system down."""
        if hasattr(self, "currentBase"):
            ActorSystem(logDefs=False).shutdown()
            del self.currentBase

    @staticmethod
    def actualActorObject(actorClass: type[Actor]) -> Actor:
        """The instance of a new actor, to test its own methods. For bases within the process only."""
        system = ActorSystem()
        address = system.createActor(actorClass)
        registry: Any = system._systemBase
        instance: Actor = registry.actorRegistry[address.actorAddressString].instance
        return instance
