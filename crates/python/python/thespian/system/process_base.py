"""What the bases have in common whose actors are processes: the side of external code."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from roscius._core import Refused, admin_address
from roscius.rust_actors import PYTHON, rust_actor, rust_instead

from thespian.system.exceptions import (
    NO_SYSTEM,
    ActorSystemFailure,
    ActorSystemRequestTimeout,
    InvalidActorSourceHash,
    InvalidActorSpecification,
    NoCompatibleSystemForActor,
)
from thespian.system.host import Requirements, ShutDown
from thespian.system.network_place import is_here, leaders_after
from thespian.system.processes import actor_host
from thespian.system.processes.actor_host import Creation, class_name
from thespian.system.processes.launching import METHODS
from thespian.system.processes.loading import LoadsSources
from thespian.system.processes.starting import SystemPlace, announce_program, attach_or_start
from thespian.system.processes.task import ActorSpec
from thespian.system.running_base import RunningBase
from thespian.system.system_capabilities import add_system_capabilities
from thespian.system.thesplog import thesplog

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from roscius._core import ActorAddress, Endpoint, Process
    from roscius.front import Front

_log = logging.getLogger(__name__)
# How long a shutdown may take before the program goes on without waiting for it.
SHUTDOWN_SECONDS = 10.0
# How long the Admin may take to have an actor made.
CREATE_SECONDS = actor_host.CREATE_SECONDS
# How long the Admin may take to hear of a source.
SOURCE_SECONDS = 61.0
# How long a program waits for a receiver that takes nothing.
TELL_SECONDS = 60.0
WARNING = 30


class Transport:
    """What programs know as the transport of a base: it makes addresses of Admins."""

    def __init__(self, kind: str, own: SystemPlace, admin: ActorAddress) -> None:
        self._kind = kind
        self._own = own
        self.admin = admin

    def getAddressFromString(self, place: str | tuple[str | None, str | int]) -> ActorAddress:
        """The address of the Admin at `host:port`, or at a host and a port, which has to be on this host."""
        host, name = place.rpartition(":")[::2] if isinstance(place, str) else (place[0], str(place[1]))
        if not is_here(host):
            raise ValueError(f"{host} is not this host, and systems of other hosts cannot be reached yet")
        if name == self._own.name:
            return self.admin
        directory = SystemPlace(self._kind, name).find()
        if directory is None:
            raise ValueError(f"there is no actor system at {host}:{name}")
        return admin_address(directory)


class ProcessBase(LoadsSources, RunningBase):
    """A system whose actors are processes. The subclasses say where it is found."""

    shutdown_seconds = SHUTDOWN_SECONDS
    source_seconds = SOURCE_SECONDS

    def __init__(self, capabilities: dict[str, Any], logDefs: dict[str, Any] | bool | None = None) -> None:
        self.capabilities = capabilities
        add_system_capabilities(capabilities, self.system_name, self.system_version)
        capabilities["Thespian Watch Supported"] = True
        place = self._place()
        self._part = attach_or_start(place, capabilities, logDefs, self._start_method(), TELL_SECONDS)
        self._core: Process = self._part.core
        self.endpoint: Endpoint = self._core.endpoint()
        self.transport = Transport(place.kind, place, self._core.admin)

    def _place(self) -> SystemPlace:
        raise NotImplementedError

    def _start_method(self) -> str:
        method = self.capabilities.setdefault("Process Startup Method", "fork")
        if method in METHODS:
            return str(method)
        thesplog("There is no process startup method %s: fork is used", method, level=WARNING)
        return "fork"

    def open_front(self, loop: AbstractEventLoop, ended: Callable[[], None]) -> Front:
        """The part of the system for who waits on an event loop; `ended` is called when the system has ended."""
        from roscius.process_front import ProcessFront

        return ProcessFront(self, self._core, loop, ended)

    def shutdown(self) -> None:
        """Shut the system down. A second call does nothing."""
        if self._is_shut_down:
            return
        self._is_shut_down = True
        core, endpoint, gone = self._core, self.endpoint, ShutDown()
        self._part = self._core = gone  # type: ignore[assignment]
        self.endpoint = gone  # type: ignore[assignment]
        try:
            core.shutdown(self.shutdown_seconds)
        except OSError as error:  # a timeout is one too
            if not core.is_over:
                thesplog("The actor system did not shut down in time: %s", error, level=WARNING)
        endpoint.close()
        core.close(0.0)

    # Creation of actors

    def create_actor(
        self,
        actorClass: Any,
        requirements: Requirements = None,
        globalName: str | None = None,
        sourceHash: str | None = None,
    ) -> ActorAddress:
        """Create a top-level actor. It is there when this returns, though it may still be in its constructor."""
        creation = creation_of(actorClass, requirements, globalName, sourceHash)
        try:
            return self._create(creation, actorClass, sourceHash)
        except (InvalidActorSpecification, ImportError):
            in_rust = self.creation_in_rust(actorClass, globalName, sourceHash)
            if in_rust is None:
                raise
            return self._create(in_rust, actorClass, sourceHash)

    def creation_in_rust(self, actorClass: Any, globalName: str | None, sourceHash: str | None) -> Creation | None:
        """The creation of an actor in Rust, if a program offers one by the name of a class that cannot be imported."""
        rust = None if sourceHash else rust_instead(actorClass, self._core.makers)
        return None if rust is None else creation_of(rust, None, globalName, None)

    def _create(self, creation: Creation, actorClass: Any, sourceHash: str | None) -> ActorAddress:
        with creating(actorClass, sourceHash):
            try:
                return self._core.create(*creation, CREATE_SECONDS)
            except Refused as refusal:
                self.make_up_for(refusal, creation)
            return self._core.create(*creation, CREATE_SECONDS)

    def make_up_for(self, refusal: Refused, creation: Creation) -> None:
        """Start the process that is missing, after which the creation is to be tried again. Other refusals are raised."""
        if refusal.args[0] != "no-starter" or creation[0] != PYTHON:
            raise refusal
        thesplog("The process that started actors has ended: this program starts another one", level=WARNING)
        self._part.start_starter()

    def announce(self, program: str, arguments: list[str]) -> list[str]:
        """Start an executable that offers actors in Rust, until the system ends. The result is their names."""
        return announce_program(self._part.directory, program, arguments)

    def durable_destination(self, system: str, name: str) -> ActorAddress:
        """The address of an actor by the identity of its system and its global name."""
        return self._core.convention.durable(system, name, CREATE_SECONDS)

    # Sources

    @contextmanager
    def telling(self, what: str) -> Iterator[None]:
        """Raise in the words of Thespian what goes wrong when the Admin is told something."""
        try:
            yield
        except TimeoutError as error:
            raise ActorSystemRequestTimeout(f"Could not {what} in time: {error}") from None
        except (OSError, ValueError) as error:
            raise ActorSystemFailure(f"Could not {what}: {error}") from None

    def register_source_authority(self, actor: Any) -> None:
        """External code validates nothing."""

    def notify_on_sources(self, actor: Any, enable: bool) -> None:
        """External code is told nothing of sources."""

    # Capabilities

    def update_capability(self, name: str, value: Any) -> None:
        """Set a capability, or remove it if the value is None."""
        packed = None if value is None else pickle.dumps(value)
        leaders = leaders_after(self.capabilities, name, value)
        try:
            if leaders is not None:
                self._core.convention.set_leaders(leaders, SOURCE_SECONDS)
            self._core.set_capability(pickle.dumps(name), packed, True)
        except (OSError, ValueError) as error:
            raise ActorSystemFailure(f"Could not set a capability of the system ({error})") from None
        if value is None:
            self.capabilities.pop(name, None)
        else:
            self.capabilities[name] = value


def creation_of(
    actorClass: Any, requirements: Requirements, globalName: str | None, sourceHash: str | None
) -> Creation:
    """The creation of what was given for the class of an actor."""
    source = sourceHash or None
    # With a source hash a name is that of a class.
    rust = None if isinstance(actorClass, str) and source is not None else rust_actor(actorClass)
    if rust is not None:
        return rust.name, rust.packed(), globalName or None, source
    name = class_name(actorClass)
    if not isinstance(name, str):
        raise InvalidActorSpecification(actorClass, "neither a class nor the name of one")
    # An actor that has the name already is the answer, whatever else is given.
    if source is not None and "." not in name and not globalName:
        raise InvalidActorSpecification(actorClass, "a name must be qualified by its module")
    return PYTHON, ActorSpec(name, requirements, source).packed(), globalName or None, source


@contextmanager
def creating(actorClass: Any, sourceHash: str | None) -> Iterator[None]:
    """Raise in the words of Thespian what goes wrong when an actor is made."""
    try:
        yield
    except Refused as refusal:
        raise _error_of(refusal, actorClass, sourceHash) from None
    except TimeoutError as error:
        raise ActorSystemRequestTimeout(f"No new Actor was made: {error}") from None
    except OSError as error:
        raise ActorSystemFailure(f"Could not request new Actor from Admin ({error})") from None


def _error_of(refusal: Refused, actorClass: Any, sourceHash: str | None) -> Exception:
    kind, text = refusal.args
    match kind:
        case "no-compatible-system":
            # What is known of why, unless that is the class itself.
            why = "" if text == NO_SYSTEM else f" ({text})"
            return NoCompatibleSystemForActor(actorClass, NO_SYSTEM + why)
        case "invalid-source-hash":
            return InvalidActorSourceHash(sourceHash)
        case "invalid-class":
            return InvalidActorSpecification(actorClass, text)
        case "no-maker":
            return InvalidActorSpecification(actorClass, f"{text}; a class in Python is named with its module")
        case "import":
            return ImportError(f"{actorClass}: {text}")
        case _:
            return ActorSystemFailure(f"Could not request new Actor from Admin ({text})")
