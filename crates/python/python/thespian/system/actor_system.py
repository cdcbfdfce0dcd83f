"""The actor system as external code sees it."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from thespian.system.external_context import ExternalContext, check_address
from thespian.system.host import Requirements, ShutDown, SystemBase
from thespian.system.public import public
from thespian.system.timing import Period, secondsOrNone

if TYPE_CHECKING:
    from roscius._core import ActorAddress

DEFAULT_BASE = "simpleSystemBase"
KNOWN_BASES = "simpleSystemBase, threadSystemBase, multiprocQueueBase, multiprocUDPBase and multiprocTCPBase"


@public
class ActorSystem:
    """Starts a system of actors, or connects to the one that this process already uses.

    The process has one system, which the class attribute `systemBase` holds: without arguments, or with the same
    base again, all ActorSystem objects share it. `transientUnique` makes one that nobody else gets.
    """

    systemBase: ClassVar[SystemBase | None] = None

    def __init__(
        self,
        systemBase: Any = None,
        capabilities: dict[str, Any] | None = None,
        logDefs: dict[str, Any] | bool | None = None,
        transientUnique: bool = False,
    ) -> None:
        if capabilities and "logging" in capabilities:
            warnings.warn(
                "the capability 'logging' is not used any more; give logDefs to ActorSystem",
                DeprecationWarning,
                stacklevel=2,
            )
        shared = None if transientUnique else _running(ActorSystem.systemBase)
        base = _base_for(systemBase, shared, capabilities, logDefs)
        if not transientUnique:
            ActorSystem.systemBase = base
        self._systemBase: SystemBase = base
        self.capabilities: dict[str, Any] = base.capabilities

    @property
    def systemAddress(self) -> ActorAddress:
        """The address of the system itself."""
        return self._systemBase.system_address

    def createActor(
        self,
        actorClass: Any,
        targetActorRequirements: Requirements = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor from its class, or from the qualified name of it, and return its address."""
        return self._systemBase.create_actor(actorClass, targetActorRequirements, globalName, sourceHash)

    def tell(self, actorAddr: ActorAddress, msg: Any) -> None:
        """Send a message to an actor."""
        check_address(actorAddr, "tell")
        self._systemBase.endpoint.tell(actorAddr, msg)

    def ask(self, actorAddr: ActorAddress, msg: Any, timeout: Period | None = None) -> Any:
        """Send a message and return the next one that comes, from whichever actor, or None if none comes in time."""
        check_address(actorAddr, "ask")
        return self._systemBase.endpoint.ask(actorAddr, msg, secondsOrNone(timeout))

    def listen(self, timeout: Period | None = None) -> Any:
        """Return the next message that comes, or None if none comes in time."""
        return self._systemBase.endpoint.listen(secondsOrNone(timeout))

    @contextmanager
    def private(self) -> Iterator[ExternalContext]:
        """A context with an address of its own, so that a thread gets only the answers to its own messages."""
        base = self._systemBase
        endpoint = base.open_endpoint()
        try:
            yield ExternalContext(base, endpoint)
        finally:
            endpoint.close()

    def updateCapability(self, capabilityName: str, capabilityValue: Any = None) -> None:
        """Set a capability of the system, or remove it by None."""
        self._systemBase.update_capability(capabilityName, capabilityValue)

    def loadActorSource(self, fname: Any) -> str:
        """Load a source from a path or an open file; returns its hash, for `createActor`."""
        return self._systemBase.load_source(fname)

    def unloadActorSource(self, sourceHash: str) -> None:
        """Make a loaded source unavailable to new actors."""
        self._systemBase.unload_source(sourceHash)

    def systemUpdate(self, updateType: str, *args: Any, **kw: Any) -> Any:
        """Call the method of this name of the base; one that the base does not have does nothing."""
        method = getattr(self._systemBase, updateType, None)
        return method(*args, **kw) if callable(method) else None

    def shutdown(self) -> None:
        """Shut the system down. This object cannot be used after that; a second call does nothing."""
        base = self._systemBase
        if isinstance(base, ShutDown):
            return
        self._systemBase = ShutDown()
        if ActorSystem.systemBase is base:
            ActorSystem.systemBase = None
        base.shutdown()


def _running(base: SystemBase | None) -> SystemBase | None:
    """The base, unless one of its actors has shut it down meanwhile."""
    return None if base is None or base.is_shut_down else base


def base_named(name: str) -> Any:
    """The class of the base with this name."""
    module = f"thespian.system.{name}"
    try:
        return importlib.import_module(module).ActorSystemBase
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ModuleNotFoundError(f"there is no system base `{name}`: there are {KNOWN_BASES}", name=module) from None


def _base_for(
    wanted: Any,
    shared: SystemBase | None,
    capabilities: dict[str, Any] | None,
    logDefs: dict[str, Any] | bool | None,
) -> SystemBase:
    """The base that is shared, if it is of the wanted kind, and otherwise a new one."""
    if wanted is None and shared is not None:
        return shared
    if wanted is None or isinstance(wanted, str):
        wanted = base_named(wanted or DEFAULT_BASE)
    if not isinstance(wanted, type):
        base: SystemBase = wanted
        return base
    if shared is not None and type(shared) is wanted:
        return shared
    new: SystemBase = wanted({} if capabilities is None else capabilities, logDefs)
    return new
