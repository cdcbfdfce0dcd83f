"""What the bases have in common whose actors live in the process of the program."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from roscius._core import System
from roscius.rust_actors import NEED_PROCESSES, RustActor
from roscius.supervision import restart_plan, restart_policy

from thespian.system import sources
from thespian.system.actor_registry import ActorRegistry
from thespian.system.capability import fits
from thespian.system.class_resolution import resolve
from thespian.system.exceptions import (
    NO_SYSTEM,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
)
from thespian.system.host import Requirements, ShutDown
from thespian.system.instantiation import withPossibleInitArgs
from thespian.system.log_setup import configure_logging
from thespian.system.running_base import RunningBase
from thespian.system.source_file import read_source, source_name
from thespian.system.system_capabilities import add_system_capabilities

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from roscius._core import ActorAddress, Endpoint, Reference
    from roscius.front import Front

    from thespian.system.sources.keeper import SourceKeeping

_log = logging.getLogger(__name__)


class InProcessBase(RunningBase):
    """A system whose actors are objects of this process. The subclasses say how the core runs them."""

    core_base: str

    def __init__(self, capabilities: dict[str, Any], logDefs: dict[str, Any] | bool | None = None) -> None:
        configure_logging(logDefs)
        self.capabilities = capabilities
        add_system_capabilities(capabilities, self.system_name, self.system_version)
        capabilities["Thespian Watch Supported"] = False
        capabilities["AllowRemoteActorSources"] = "No"
        self.actorRegistry = ActorRegistry()
        self._core: System = System(self.core_base)
        self.endpoint: Endpoint = self._core.endpoint()
        self._keeping: SourceKeeping | None = None

    def open_front(self, loop: AbstractEventLoop, ended: Callable[[], None]) -> Front:
        """The part of the system for who waits on an event loop; `ended` is called when the system has ended."""
        from roscius.front import ThreadFront

        return ThreadFront(self, self._core)

    def shutdown(self) -> None:
        """Shut the system down. A second call does nothing."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        core, endpoint, gone = self._core, self.endpoint, ShutDown()
        self._core = gone  # type: ignore[assignment]
        self.endpoint = gone  # type: ignore[assignment]
        endpoint.close()
        core.shutdown()
        if self._keeping is not None:
            # Not before the actors, which may import something at last.
            self._keeping.close()

    # Creation of actors

    def create_actor(
        self,
        actorClass: Any,
        requirements: Requirements = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor; what goes wrong is raised here."""
        existing = self._named(globalName)
        if existing is not None:
            return existing
        cls = self._class_of(actorClass, sourceHash, waits=True)
        if not fits(cls, self.capabilities, requirements):
            raise NoCompatibleSystemForActor(actorClass, NO_SYSTEM)
        actor = self._instance_of(cls, requirements, sourceHash)
        plan = restart_plan(None, cls, lambda: self._made_again(cls, requirements, sourceHash, address))
        address = self._core.spawn(actor, globalName or None, plan)
        self.actorRegistry.add(address.actorAddressString, actor)
        return address

    def create_child(
        self,
        parent: Any,
        actorClass: Any,
        requirements: Requirements,
        globalName: str | None,
        sourceHash: str | None,
    ) -> ActorAddress:
        """Create a child. Of what goes wrong only a module that cannot be imported is raised in the parent."""
        existing = self._named(globalName)
        if existing is not None:
            return existing
        reference: Reference = parent._reference
        if not sourceHash and not isinstance(actorClass, type):
            # A class is the one that it is; a name means one of the parent's source.
            sourceHash = parent._actor_source
        if sourceHash and self._keeping is not None and not self._keeping.is_usable(sourceHash):
            # Whether it will be, the keeper knows: it may be about to hear of it.
            return self._expect(parent, actorClass, requirements, globalName, sourceHash, self._keeping)
        try:
            cls = self._class_of(actorClass, sourceHash, waits=False)
        except (InvalidActorSpecification, InvalidActorSourceHash) as error:
            _log.warning("%s cannot create an actor: %s", reference.address, error)
            return reference.creation_failed(str(actorClass))
        try:
            if not fits(cls, self.capabilities, requirements):
                _log.warning("No compatible ActorSystem could be found for Actor %s", cls)
                return reference.creation_failed(cls.__name__)
            actor = self._instance_of(cls, requirements, sourceHash)
        except Exception:  # whatever a check or a constructor raises, the parent hears of a failed child
            logging.getLogger(str(cls)).exception("Actor %s failed to start", cls.__name__)
            return reference.creation_failed(cls.__name__)
        plan = restart_plan(parent, cls, lambda: self._made_again(cls, requirements, sourceHash, address))
        address = reference.spawn(actor, globalName or None, plan)
        self.actorRegistry.add(address.actorAddressString, actor)
        return address

    def _expect(
        self,
        parent: Any,
        actorClass: Any,
        requirements: Requirements,
        globalName: str | None,
        sourceHash: str,
        keeping: SourceKeeping,
    ) -> ActorAddress:
        """Create a child whose source is not valid yet: it takes its messages once it is, and exits if it never will be."""
        from thespian.system.sources.expected import Expected

        def make(is_usable: bool) -> tuple[Any, str | None] | None:
            if not is_usable:
                _log.warning("%s cannot create an actor: %s", reference.address, InvalidActorSourceHash(sourceHash))
                return None
            try:
                cls = sources.resolve(actorClass, sourceHash)
                if not fits(cls, self.capabilities, requirements):
                    _log.warning("No compatible ActorSystem could be found for Actor %s", cls)
                    return None
                actor = self._instance_of(cls, requirements, sourceHash)
            except Exception:  # noqa: BLE001 - whatever an import, a check or a constructor raises, the child fails
                _log.exception("Actor %s failed to start", actorClass)
                return None
            self.actorRegistry.replace(address.actorAddressString, actor)
            return actor, restart_policy(parent, cls)

        def again() -> Any:
            return self._made_again(sources.resolve(actorClass, sourceHash), requirements, sourceHash, address)

        reference: Reference = parent._reference
        address = reference.spawn_later(Expected(make), globalName or None, again)
        keeping.expect(sourceHash, address)
        return address

    def _named(self, globalName: str | None) -> ActorAddress | None:
        return self._core.lookup(globalName) if globalName else None

    def _class_of(self, actorClass: Any, sourceHash: str | None, waits: bool) -> Any:
        if isinstance(actorClass, RustActor):
            raise InvalidActorSpecification(actorClass, f"actors in Rust {NEED_PROCESSES}")
        # What is no name at all is told first.
        if not sourceHash or (isinstance(actorClass, str) and "." not in actorClass):
            return resolve(actorClass)
        keeping = self._keeping
        if keeping is None or not (waits or keeping.is_usable(sourceHash)):
            raise InvalidActorSourceHash(sourceHash)
        if waits:
            keeping.require(sourceHash)
        return sources.resolve(actorClass, sourceHash)

    def _instance_of(self, cls: Any, requirements: Requirements, sourceHash: str | None) -> Any:
        offered = withPossibleInitArgs(capabilities=dict(self.capabilities), requirements=requirements)
        actor = offered.create(cls)
        actor._actor_host = self
        actor._actor_requirements = requirements
        actor._actor_source = sourceHash or sources.source_hash_of(cls)
        return actor

    def _made_again(self, cls: Any, requirements: Requirements, sourceHash: str | None, address: ActorAddress) -> Any:
        """A new instance for an actor that is restarted."""
        actor = self._instance_of(cls, requirements, sourceHash)
        self.actorRegistry.replace(address.actorAddressString, actor)
        return actor

    # Sources

    def _sources(self) -> SourceKeeping:
        # Few systems load sources.
        if self._keeping is None:
            from thespian.system.sources.keeper import SourceKeeping

            self._keeping = SourceKeeping(self._core, self._uses_source)
        return self._keeping

    def _uses_source(self, sourceHash: str) -> bool:
        """Whether what is unloaded stays importable, for actors that are of that source."""
        return False

    def load_source(self, fname: Any) -> str:
        """Offer a source to the source authority; the result is its hash."""
        source_hash, content = read_source(fname)
        self._sources().load(source_hash, content, source_name(fname))
        return source_hash

    def unload_source(self, sourceHash: str) -> None:
        """Let go of a source. One that is not loaded is ignored."""
        self._sources().unload(sourceHash)

    def register_source_authority(self, actor: Any) -> None:
        """Let this actor decide which sources may be loaded."""
        self._sources().set_authority(actor.myAddress)

    def notify_on_sources(self, actor: Any, enable: bool) -> None:
        """Tell this actor when sources come and go."""
        self._sources().watch(actor.myAddress, enable)

    # Capabilities

    def update_capability(self, name: str, value: Any) -> None:
        """Set a capability, or remove it if the value is None."""
        if value is None:
            self.capabilities.pop(name, None)
        else:
            self.capabilities[name] = value

    # Other systems

    def notify_on_registrations(self, actor: Any, enable: bool) -> None:
        """No other system ever registers here."""

    def pre_register_remote_system(self, remoteAddress: Any, capabilities: Any) -> None:
        """There are no conventions of these systems."""
        raise AttributeError(f"{self.system_name} cannot register another system")

    def deregister_remote_system(self, remoteAddress: Any) -> None:
        """There are no conventions of these systems."""
        raise AttributeError(f"{self.system_name} cannot deregister another system")
