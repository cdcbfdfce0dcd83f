"""The class that all actors derive from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from roscius._core import ActorAddress

from thespian.system.exceptions import InvalidActorAddress
from thespian.system.public import public
from thespian.system.timing import Period, timePeriodSeconds

if TYPE_CHECKING:
    from roscius._core import Reference

    from thespian.system.host import Host


class _NotRunning:
    """Stands where an actor finds its system, as long as it is in none: in `__init__`, for example."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError("this is only possible once the actor runs in an actor system")


_not_running: Any = _NotRunning()


@public
class Actor:
    """An actor: it gets one message after the other, and acts by sending messages and creating actors.

    `__init__` may declare the parameters `capabilities` (of the system that runs the actor) and `requirements` (the
    `targetActorRequirements` of its creation); other parameters need defaults.
    """

    # The core sets the first, and the base that makes the instance the second.
    _reference: Reference = _not_running
    _actor_host: Host = _not_running

    def receiveMessage(self, msg: Any, sender: ActorAddress) -> Any:
        """Handle one message. Every actor defines this; the result matters only if it is a ThespianWatch."""
        raise AssertionError(f"{type(self).__name__} does not define receiveMessage")

    @property
    def myAddress(self) -> ActorAddress:
        """The address of this actor."""
        return self._reference.address

    @property
    def globalName(self) -> str | None:
        """The name that this actor was created under, if any."""
        return self._reference.name

    def send(self, targetAddr: ActorAddress, msg: Any) -> None:
        """Send a message. It is delivered later, or becomes a dead letter."""
        if not isinstance(targetAddr, ActorAddress):
            raise InvalidActorAddress(targetAddr, "not a valid ActorAddress")
        self._reference.send(targetAddr, msg)

    def createActor(
        self,
        actorClass: Any,
        targetActorRequirements: dict[str, Any] | None = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a child, which can be sent messages at once. If it fails to start, ChildActorExited comes.

        `actorClass` is a class or its qualified name, as a text.
        """
        return self._actor_host.create_child(self, actorClass, targetActorRequirements, globalName, sourceHash)

    def wakeupAfter(self, timePeriod: Period, payload: Any = None) -> None:
        """Ask for a WakeupMessage after a period (a timedelta, or seconds)."""
        self._reference.wakeup_after(timePeriodSeconds(timePeriod), timePeriod, payload)

    def handleDeadLetters(self, startHandling: bool = True) -> None:
        """Become the one that gets the system's dead letters, or stop being it."""
        self._reference.handle_dead_letters(bool(startHandling))

    def registerSourceAuthority(self) -> None:
        """Become the one that decides which sources may be loaded."""
        self._actor_host.register_source_authority(self)

    def notifyOnSystemRegistrationChanges(self, startHandling: bool = True) -> None:
        """Ask for an ActorSystemConventionUpdate when systems join or leave the convention, or stop that."""
        self._actor_host.notify_on_registrations(self, bool(startHandling))

    def notifyOnSourceAvailability(self, enable: bool = True) -> None:
        """Ask for LoadedSource and UnloadedSource, or stop that."""
        self._actor_host.notify_on_sources(self, bool(enable))

    def updateCapability(self, capabilityName: str, capabilityValue: Any = None) -> None:
        """Set a capability of the system that runs this actor, or remove it by None."""
        self._actor_host.update_capability(capabilityName, capabilityValue)

    def loadActorSource(self, fname: Any) -> str:
        """Load a source from a path or an open file; returns its hash at once, for `createActor`."""
        return self._actor_host.load_source(fname)

    def unloadActorSource(self, sourceHash: str) -> None:
        """Make a loaded source unavailable to new actors."""
        self._actor_host.unload_source(sourceHash)

    def preRegisterRemoteSystem(self, remoteAddress: Any, remoteCapabilities: Any) -> None:
        """Announce another system to this one before it announces itself."""
        self._actor_host.pre_register_remote_system(remoteAddress, remoteCapabilities)

    def deRegisterRemoteSystem(self, remoteAddress: Any) -> None:
        """Forget another system."""
        self._actor_host.deregister_remote_system(remoteAddress)

    def actorSystemShutdown(self) -> None:
        """Shut down the whole system that runs this actor."""
        self._actor_host.request_shutdown()

    def logger(self, name: str | None = None) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry the address of this actor."""
        return logging.LoggerAdapter(logging.getLogger(name), {"actorAddress": self.myAddress})

    def __str__(self) -> str:
        return f"{{A:{type(self).__name__} @ {self.myAddress}}}"
